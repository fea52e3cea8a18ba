import io

import av
import numpy as np
import pytest

from services.contract.job import Progress, Stage
from services.contract.tokenizer import BEGIN, END, PAD
from tests.workers.conftest import CAST, spec
from tests.workers.conftest import Stage as FakeTriton
from workers.render import Take, render
from workers.tasks import Desk


def take(**changes: object) -> Take:
    return Take("video_1", 1, spec(**changes))


def quiet(_: Progress) -> None:
    pass


def test_the_prompt_carries_the_frame_rate_for_the_picture_alone(desk: Desk, stage: FakeTriton) -> None:
    render(take(), desk.studio, quiet)
    picture, sound = stage.texts
    assert picture[1] == CAST.text.encode("FPS-16 a red ball")
    assert picture[0] == [BEGIN, END] + [PAD] * (len(picture[1]) - 2)
    assert sound[1] == CAST.text.encode("a red ball")


def test_negative_and_audio_prompts_go_where_they_belong(desk: Desk, stage: FakeTriton) -> None:
    render(take(negative_prompt="blur", audio_prompt="a thud"), desk.studio, quiet)
    picture, sound = stage.texts
    assert CAST.text.encode("FPS-16 blur") == [token for token in picture[0] if token != PAD]
    assert CAST.text.encode("a thud") == [token for token in sound[1] if token != PAD]


def test_a_silent_film_has_no_sound_stage(desk: Desk, stage: FakeTriton) -> None:
    stages: set[Stage] = set()
    result = render(take(audio=False), desk.studio, lambda progress: stages.add(progress.stage))
    assert result.facts.sound is None
    assert Stage.SOUND not in stages
    assert len(stage.texts) == 1


@pytest.mark.parametrize(("seconds", "fps"), [(1, 16), (1, 24), (3, 24)])
def test_frames_are_exact_and_the_sound_ends_with_the_picture(desk: Desk, seconds: int, fps: int) -> None:
    facts = render(take(seconds=seconds, fps=fps), desk.studio, quiet).facts
    assert (facts.frames, facts.fps, facts.duration_s) == (seconds * fps, fps, seconds)
    assert facts.sound is not None
    assert abs(facts.av_offset_s) < 1 / fps


def test_the_first_frame_goes_to_the_loop(desk: Desk, stage: FakeTriton) -> None:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="image2pipe") as container:
        stream = container.add_stream("png", width=64, height=48, pix_fmt="rgb24")
        frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
        container.mux([*stream.encode(frame), *stream.encode(None)])
    desk.studio.storage.put("inputs/video_1/input_reference", buffer.getvalue())
    render(take(task="image", input_reference="inputs/video_1/input_reference"), desk.studio, quiet)
    condition = stage.video_orders[0].condition
    assert condition is not None
    assert condition.shape == (16, 1, 6, 8)


def test_a_film_leaves_no_scratch_and_all_that_is_needed_until_it_is_committed(desk: Desk) -> None:
    render(take(), desk.studio, quiet)
    assert not list(desk.studio.scratch.iterdir())
    kept = [stored.key.split("/", 3) for stored in desk.studio.storage.page("snapshots/video_1")]
    assert sorted(name for *_, name in kept) == [
        *("picture/000004.npz", "picture/000006.npz"),
        *("segments/000000.mp4", "segments/000000.npz"),
        *("sound/000030.npz", "sound/000032.npz"),
    ]


def test_no_two_attempts_write_to_the_same_key(desk: Desk) -> None:
    first = render(Take("video_1", 1, spec()), desk.studio, quiet)
    second = render(Take("video_1", 2, spec()), desk.studio, quiet)
    assert first.video != second.video
    assert first.facts == second.facts
