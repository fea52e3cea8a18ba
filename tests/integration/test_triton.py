"""The models as Triton serves them, through the client that workers use."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.contract import tensors
from services.contract.cast import TASKS
from services.contract.errors import GenerationError, InferenceUnavailable
from services.contract.layout import COLUMNS, SLOTS
from services.engines.session import Session
from services.inference.client import Inference
from services.inference.door import Patience
from services.inference.memory import FOLDER, PREFIX
from services.inference.orders import AudioOrder, SampleEvent, VideoOrder
from services.sampling.decode import decode_tile
from services.sampling.layout import sample_layout
from services.sampling.loop import Course, sample_video
from tests.integration.conftest import REPOSITORY, Server

pytestmark = pytest.mark.stack
TOKENS = [[1, 2, 0, 0], [1, 300, 301, 2]]
CHANNELS = 64


@pytest.fixture(scope="module")
def order(triton: Server) -> VideoOrder:
    """A film of two latent frames and 128x64."""
    with Inference(triton.url, shared_memory=False) as inference:
        text, mask = inference.encode_text(TOKENS)
    return VideoOrder(text=text, text_mask=mask, shape=(2, 8, 16), seed=5, steps=6, guidance=3.0)


@pytest.fixture(scope="module")
def long(order: VideoOrder) -> VideoOrder:
    """A film whose steps take a while."""
    return replace(order, shape=(8, 18, 32), steps=100)


def last(events: Iterator[SampleEvent]) -> np.ndarray:
    *_, event = events
    assert event.latents is not None
    return event.latents


def network(name: str, output: str) -> Callable[[Mapping[str, Any]], Any]:
    session = Session(REPOSITORY / name / "1" / "model.onnx", threads=len(os.sched_getaffinity(0)))
    return lambda inputs: session.run(inputs)[output]


def stopped(triton: Server, model: str, before: int) -> int:
    """Runs of ``model`` since ``before``, once no new ones come."""
    count = triton.executions(model)
    while True:
        time.sleep(1)
        later = triton.executions(model)
        if later == count:
            return later - before
        count = later


def test_text_has_states_for_tokens_and_none_for_padding(inference: Inference) -> None:
    states, mask = inference.encode_text(TOKENS)
    assert mask.tolist() == [[1, 1, 0, 0], [1, 1, 1, 1]]
    assert states.shape[:2] == (2, 4)
    assert not states[0, 2:].any()
    assert states[1].any(axis=1).all()


def test_frames_are_encoded_and_looked_at(inference: Inference) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (64, 128, 3), dtype=np.uint8)
    assert inference.encode_image(frame).shape == (CHANNELS, 1, 8, 16)
    features = inference.look(np.zeros((3, 3, 96, 96), np.float32))
    assert len(features) == 3
    assert np.isfinite(features).all()


def test_every_step_is_streamed_and_snapshots_when_due(inference: Inference, order: VideoOrder) -> None:
    events = list(inference.sample_video(replace(order, snapshot_every=4)))
    assert [event.step for event in events] == [1, 2, 3, 4, 5, 6]
    shapes = [event.latents if event.latents is None else event.latents.shape for event in events]
    assert shapes == [None, None, None, (CHANNELS, 2, 8, 16), None, (CHANNELS, 2, 8, 16)]


def test_a_loop_resumed_from_a_snapshot_gives_the_same_bytes(inference: Inference, order: VideoOrder) -> None:
    undisturbed = list(inference.sample_video(replace(order, snapshot_every=4)))
    snapshot = undisturbed[3].latents
    resumed = list(inference.sample_video(replace(order, start_step=4, latents=snapshot)))
    assert [event.step for event in resumed] == [5, 6]
    assert resumed[-1].latents.tobytes() == undisturbed[-1].latents.tobytes()  # type: ignore[union-attr]


def test_a_finished_loop_ends_at_once(inference: Inference, order: VideoOrder) -> None:
    latents = np.zeros((CHANNELS, *order.shape), np.float32)
    assert list(inference.sample_video(replace(order, start_step=6, latents=latents))) == []


def test_the_loop_equals_the_same_generator_in_this_process(inference: Inference, order: VideoOrder) -> None:
    course = Course(order.text, order.text_mask, order.seed, order.steps, order.guidance)
    transformer = network(tensors.VIDEO_TRANSFORMER, tensors.VELOCITY)
    nobody, shape = np.zeros((CHANNELS, 12, 12), np.float32), (CHANNELS, *order.shape)
    layout = sample_layout(
        network(tensors.LAYOUT_TRANSFORMER, tensors.VELOCITY), course, shape, task=TASKS.index("text")
    )
    assert layout.any()
    *_, step = sample_video(transformer, course, shape, task=0, character=nobody, layout=layout)
    assert last(inference.sample_video(order)).tobytes() == step.latents.tobytes()


def test_seed_and_first_frame_make_a_difference(inference: Inference, order: VideoOrder) -> None:
    plain = last(inference.sample_video(order))
    source = np.ones((CHANNELS, 1, 8, 16), np.float32)
    assert not np.array_equal(plain, last(inference.sample_video(replace(order, seed=6))))
    assert not np.array_equal(plain, last(inference.sample_video(replace(order, condition=source))))


def test_a_character_is_seen_in_its_portrait(inference: Inference, order: VideoOrder) -> None:
    shown, other = np.random.default_rng(0).normal(size=(2, CHANNELS, 12, 12)).astype(np.float32)
    course = Course(order.text, order.text_mask, order.seed, order.steps, order.guidance)
    transformer = network(tensors.VIDEO_TRANSFORMER, tensors.VELOCITY)
    shape, nothing = (CHANNELS, *order.shape), np.zeros((SLOTS, order.shape[0], COLUMNS), np.float32)
    *_, step = sample_video(transformer, course, shape, task=4, character=shown, layout=nothing)
    made = last(inference.sample_video(replace(order, character=shown)))
    assert made.tobytes() == step.latents.tobytes()
    assert not np.array_equal(made, last(inference.sample_video(replace(order, character=other))))


def test_sound_is_sampled_and_decoded_for_the_length_of_the_picture(
    inference: Inference, order: VideoOrder
) -> None:
    features = inference.look(np.random.default_rng(0).uniform(-1, 1, (16, 3, 96, 96)).astype(np.float32))
    sound = AudioOrder(
        text=order.text,
        text_mask=order.text_mask,
        seed=5,
        steps=3,
        guidance=2.0,
        features=features,
        fps=16,
        length=25,
    )
    events = list(inference.sample_audio(replace(sound, snapshot_every=2)))
    assert [event.step for event in events] == [1, 2, 3]
    resumed = replace(sound, start_step=2, latents=events[1].latents)
    assert last(inference.sample_audio(resumed)).tobytes() == events[2].latents.tobytes()  # type: ignore[union-attr]
    waveform = inference.decode_audio(last(inference.sample_audio(sound)))
    assert waveform.shape == (48_000,)
    assert np.isfinite(waveform).all()


@pytest.mark.parametrize("count", [1, 4, 7])
def test_decoded_tiles_are_the_film_and_equal_those_of_this_process(inference: Inference, count: int) -> None:
    latents = np.random.default_rng(count).standard_normal((CHANNELS, count, 6, 8), dtype=np.float32)
    served = list(inference.decode(latents))
    decoder = network(tensors.VIDEO_DECODER, tensors.VIDEO)
    tail = None
    for tile, one in enumerate(served):
        expected, tail = decode_tile(decoder, latents, tile, tail)
        assert (one.frames == expected).all()
        assert (one.tail == tail).all()
    assert sum(len(one.frames) for one in served) == 8 * count
    for first in range(1, len(served)):
        resumed = inference.decode(latents, first, served[first - 1].tail)
        for one, again in zip(served[first:], resumed, strict=True):
            assert (one.frames == again.frames).all()


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (128, 72)])
def test_shared_memory_and_grpc_give_the_same_frames(
    triton: Server, inference: Inference, width: int, height: int
) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (5, 72, 128, 3), dtype=np.uint8)
    by_memory = np.concatenate(list(inference.upsample(frames, width, height)))
    with Inference(triton.url, shared_memory=False) as other:
        by_grpc = np.concatenate(list(other.upsample(frames, width, height)))
    assert by_memory.shape == (5, height * 3 // 2, width)
    assert (by_memory == by_grpc).all()
    assert by_memory.std() > 1


def test_shared_memory_is_given_back(triton: Server) -> None:
    frames = np.zeros((1, 72, 128, 3), np.uint8)
    with Inference(triton.url, shared_memory=True) as inference:
        for width, height in ((128, 72), (480, 270), (256, 144)):
            list(inference.upsample(frames, width, height))
        assert len(_regions(os.getpid())) == 1
    assert _regions(os.getpid()) == []


@pytest.mark.parametrize("model", [tensors.TEXT, tensors.LATENTS])
def test_what_cannot_become_a_film_is_said_so(inference: Inference, order: VideoOrder, model: str) -> None:
    wrong = {
        tensors.TEXT: replace(order, text=order.text * np.float32(np.nan)),
        tensors.LATENTS: replace(order, start_step=2, latents=np.zeros((CHANNELS, 1, 8, 16), np.float32)),
    }[model]
    with pytest.raises(GenerationError, match="not"):
        list(inference.sample_video(wrong))
    assert len(list(inference.sample_video(order))) == order.steps


def test_closing_the_iterator_stops_the_loop_within_a_step(
    triton: Server, inference: Inference, long: VideoOrder
) -> None:
    before = triton.executions(tensors.VIDEO_TRANSFORMER)
    events = inference.sample_video(long)
    assert [next(events).step, next(events).step] == [1, 2]
    seen = triton.executions(tensors.VIDEO_TRANSFORMER) - before
    events.close()  # type: ignore[attr-defined]
    assert stopped(triton, tensors.VIDEO_TRANSFORMER, before) <= seen + 2
    assert len(list(inference.sample_video(replace(long, steps=2)))) == 2


CLIENT = """
import sys, numpy as np
from services.inference.client import Inference
from services.inference.orders import VideoOrder
inference = Inference(sys.argv[1], shared_memory=True)
list(inference.upsample(np.zeros((1, 72, 128, 3), np.uint8), 480, 270))
text, mask = inference.encode_text([[1, 2], [1, 2]])
order = VideoOrder(text=text, text_mask=mask, shape=(8, 18, 32), seed=1, steps=100, guidance=1)
for event in inference.sample_video(order):
    print(event.step, flush=True)
"""


def test_a_killed_client_leaves_nothing_behind(triton: Server, inference: Inference) -> None:
    before = triton.executions(tensors.VIDEO_TRANSFORMER)
    command = [sys.executable, "-c", CLIENT, triton.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY.parent) as client:
        assert client.stdout is not None
        assert [client.stdout.readline(), client.stdout.readline()] == ["1\n", "2\n"]
        client.kill()
        seen = triton.executions(tensors.VIDEO_TRANSFORMER) - before
        client.stdout.close()
    assert _regions(client.pid)
    assert stopped(triton, tensors.VIDEO_TRANSFORMER, before) <= seen + 2
    list(inference.upsample(np.zeros((1, 72, 128, 3), np.uint8), 480, 270))
    assert _regions(client.pid) == []


def test_a_hung_triton_is_unavailable_and_not_waited_for(triton: Server, long: VideoOrder) -> None:
    patience = Patience(answer_s=1, message_s=2, ready_s=0.5)
    with Inference(triton.url, shared_memory=True, patience=patience) as inference:
        events = inference.sample_video(long)
        next(events)
        os.kill(triton.pid, signal.SIGSTOP)
        try:
            started = time.monotonic()
            assert not inference.ready()
            with pytest.raises(InferenceUnavailable):
                list(events)
            with pytest.raises(InferenceUnavailable):
                inference.encode_text(TOKENS)
            with pytest.raises(InferenceUnavailable):
                list(inference.upsample(np.zeros((1, 72, 128, 3), np.uint8), 480, 270))
            assert time.monotonic() - started < 15
        finally:
            os.kill(triton.pid, signal.SIGCONT)
        _await(inference.ready)
        assert len(list(inference.upsample(np.zeros((1, 72, 128, 3), np.uint8), 480, 270))) == 1


def test_a_killed_triton_is_found_again(triton: Server, long: VideoOrder) -> None:
    frames = np.zeros((1, 72, 128, 3), np.uint8)
    with Inference(triton.url, shared_memory=True) as inference:
        upsampled = list(inference.upsample(frames, 480, 270))
        events = inference.sample_video(long)
        next(events)
        os.kill(triton.pid, signal.SIGKILL)
        with pytest.raises(InferenceUnavailable):
            list(events)
        _await(inference.ready)
        # The new Triton knows nothing of the old one's shared memory.
        assert (next(inference.upsample(frames, 480, 270)) == upsampled[0]).all()


def _await(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _regions(pid: int) -> list[Path]:
    return list(FOLDER.glob(f"{PREFIX}{pid}-*"))
