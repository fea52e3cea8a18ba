"""What the client asks for, with a stand-in for the door; the real one is in tests/integration."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from services.contract import tensors
from services.contract.errors import InferenceUnavailable
from services.inference.client import Inference
from services.inference.orders import AudioOrder, VideoOrder

TEXT = {"text": np.zeros((2, 3, 4), np.float32), "text_mask": np.ones((2, 3), np.float32)}
VIDEO = VideoOrder(**TEXT, shape=(2, 3, 4), seed=2**53 - 1, steps=9, guidance=2.5)
AUDIO = AudioOrder(
    **TEXT, features=np.zeros((24, 5), np.float32), fps=24, length=25, seed=1, steps=4, guidance=3
)


class FakeDoor:
    """Remembers what was asked and answers from a list."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._answers = iter(answers)

    def ask(self, model: str, inputs: Mapping[str, Any], outputs: Sequence[str]) -> dict[str, Any]:
        self.asked.append((model, dict(inputs)))
        answer = next(self._answers)
        assert sorted(answer) == sorted(outputs)
        return answer

    def stream(self, model: str, inputs: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        self.asked.append((model, dict(inputs)))
        yield from self._answers


def client(*answers: dict[str, Any]) -> tuple[Inference, FakeDoor]:
    inference, door = Inference("127.0.0.1:1", shared_memory=False), FakeDoor(*answers)
    inference._door = door  # type: ignore[assignment]
    return inference, door


def test_a_triton_that_is_too_old_to_say_who_it_is_has_no_word_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inference, door = client()
    away = {"answers": False, "has": False}

    def unknown(*_: object) -> None:
        raise InferenceUnavailable("fingerprint: unknown model")

    monkeypatch.setattr(door, "ask", unknown)
    monkeypatch.setattr(door, "is_ready", lambda: away["answers"], raising=False)
    monkeypatch.setattr(door, "has", lambda model: away["has"], raising=False)
    with pytest.raises(InferenceUnavailable):
        inference.fingerprint()
    away["answers"] = True
    assert inference.fingerprint() == ""
    away["has"] = True
    with pytest.raises(InferenceUnavailable):
        inference.fingerprint()


def test_creating_a_client_connects_to_nothing() -> None:
    with Inference("127.0.0.1:1", shared_memory=True) as inference:
        assert inference._door._client is None


def test_the_mask_marks_what_is_not_padding() -> None:
    inference, door = client({tensors.STATES: np.zeros((2, 3, 4), np.float32)})
    _, mask = inference.encode_text([[1, 2, 0], [1, 7, 2]])
    assert mask.tolist() == [[1, 1, 0], [1, 1, 1]]
    assert door.asked[0][1][tensors.TOKENS].dtype == np.int64


def test_an_image_is_a_film_of_one_frame() -> None:
    inference, door = client({tensors.LATENTS: np.zeros((1, 16, 1, 1, 2), np.float32)})
    frame = np.zeros((8, 16, 3), np.uint8)
    frame[..., 2] = 255
    assert inference.encode_image(frame).shape == (16, 1, 1, 2)
    video = door.asked[0][1][tensors.VIDEO]
    assert (video.shape, video.dtype) == ((1, 3, 1, 8, 16), np.float32)
    assert video[0, :, 0, 3, 5].tolist() == [-1, -1, 1]


def test_a_film_is_decoded_tile_by_tile_until_nothing_is_left() -> None:
    frames, tail = np.zeros((16, 8, 8, 3), np.uint8), np.ones((16, 8, 8, 3), np.uint8)
    inference, door = client(
        {tensors.FRAMES: frames, tensors.TAIL: tail}, {tensors.FRAMES: frames, tensors.TAIL: tail[:0]}
    )
    assert len(list(inference.decode(np.zeros((16, 6, 1, 1), np.float32)))) == 2
    (_, first), (_, second) = door.asked
    assert tensors.TAIL not in first
    assert second[tensors.TAIL] is tail
    assert [first[tensors.TILE].tolist(), second[tensors.TILE].tolist()] == [[0], [1]]


def test_a_decoding_goes_on_with_the_tail_of_the_tile_before() -> None:
    frames, tail = np.zeros((16, 8, 8, 3), np.uint8), np.ones((16, 8, 8, 3), np.uint8)
    inference, door = client({tensors.FRAMES: frames, tensors.TAIL: tail[:0]})
    (made,) = inference.decode(np.zeros((16, 6, 1, 1), np.float32), 3, tail)
    ((_, asked),) = door.asked
    assert asked[tensors.TAIL] is tail
    assert asked[tensors.TILE].tolist() == [3]
    assert made.frames is frames
    assert len(made.tail) == 0


@pytest.mark.parametrize(
    ("order", "model", "expected"),
    [
        (VIDEO, tensors.SAMPLE_VIDEO, {"shape": [2, 3, 4], "task": [0], "seed": [2**53 - 1]}),
        (replace(VIDEO, condition=np.zeros((16, 1, 3, 4), np.float32)), tensors.SAMPLE_VIDEO, {"task": [1]}),
        (replace(VIDEO, character=np.zeros((16, 3, 3), np.float32)), tensors.SAMPLE_VIDEO, {"task": [4]}),
        (AUDIO, tensors.SAMPLE_AUDIO, {"shape": [25], "frames_per_latent": [np.float32(0.96)]}),
    ],
    ids=["text", "image", "character", "sound"],
)  # fmt: skip
def test_orders_become_tensors(order: VideoOrder | AudioOrder, model: str, expected: dict[str, Any]) -> None:
    inference, door = client({tensors.STEP: np.array([1])})
    events = inference.sample_video(order) if isinstance(order, VideoOrder) else inference.sample_audio(order)
    assert [event.step for event in events] == [1]
    asked, inputs = door.asked[0]
    assert asked == model
    assert {name: inputs[name].tolist() for name in expected} == expected
    assert (tensors.SOURCE in inputs) == (expected.get("task") == [1])
    assert inputs.get(tensors.CHARACTER) is getattr(order, "character", None)
    assert tensors.LATENTS not in inputs


def test_a_resumed_order_brings_its_latents() -> None:
    latents = np.zeros((16, 2, 3, 4), np.float32)
    inference, door = client({tensors.STEP: np.array([8]), tensors.LATENTS: latents})
    (event,) = inference.sample_video(replace(VIDEO, latents=latents, start_step=7))
    assert event.latents is latents
    assert door.asked[0][1][tensors.LATENTS] is latents
    assert door.asked[0][1][tensors.START_STEP].tolist() == [7]
