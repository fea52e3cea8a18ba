"""An attempt that dies anywhere costs at most the segment at work, and the next one gives the same bytes."""

from dataclasses import replace
from pathlib import Path

import pytest

from services.contract.cast import Size
from services.contract.job import Progress, Stage
from services.storage.local import LocalStorage
from tests.workers.conftest import Stage as FakeTriton
from tests.workers.conftest import spec
from workers.render import Studio, Take, render
from workers.tasks import Desk

FILM = spec(seconds=6, steps=3, size=Size(width=128, height=96, base_width=64, base_height=48))
"""Of films smaller than that x264 now and then makes other bytes of the same frames."""
SEGMENT = 32
"""Frames: two seconds."""


class Killed(BaseException):
    """Nothing in the worker catches it."""


class Storage(LocalStorage):
    """Dies before or after one of its writes, if told so."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.die_at: tuple[str, str] | None = None

    def put(self, key: str, data: bytes | Path) -> None:
        when, end = self.die_at or ("", "")
        if when == "before" and key.endswith(end):
            raise Killed
        super().put(key, data)
        if when == "after" and key.endswith(end):
            raise Killed


@pytest.fixture
def studio(desk: Desk, tmp_path: Path) -> Studio:
    return replace(desk.studio, storage=Storage(tmp_path / "kept"))


def film(studio: Studio, attempt: int) -> bytes:
    result = render(Take("video_1", attempt, FILM), studio, lambda progress: None)
    return studio.storage.read(result.video)


@pytest.fixture
def undisturbed(studio: Studio, tmp_path: Path) -> bytes:
    return film(replace(studio, storage=LocalStorage(tmp_path / "undisturbed")), 1)


def killed(studio: Studio) -> None:
    with pytest.raises(Killed):
        film(studio, 1)


CALLS = [
    *(("decode", tile) for tile in range(5)),
    *(("upsample", frame) for frame in (0, 31, 32, 47, 63, 64, 95)),
    ("decode_audio", 0),
]


@pytest.mark.parametrize(("name", "number"), CALLS)
def test_killed_at_a_call(
    studio: Studio, stage: FakeTriton, undisturbed: bytes, name: str, number: int
) -> None:
    made: list[int] = []

    def die(call: str, at: int) -> None:
        made.extend([at] if call == "upsample" else [])
        if (call, at) == (name, number):
            raise Killed

    stage.on_call = die
    killed(studio)
    first, made = made, []
    stage.on_call = lambda call, at: made.append(at) if call == "upsample" else None
    assert film(studio, 2) == undisturbed
    again = set(first) & set(made)
    assert sorted(set(first) | set(made)) == list(range(96))
    assert len(again) <= SEGMENT
    assert made == list(range(min(made, default=96), 96))
    assert min(made, default=96) % SEGMENT == 0


WRITES = [
    *(f"/segments/{number:06}.{kind}" for number in range(3) for kind in ("mp4", "npz")),
    *(f"/{step}.npz" for step in ("picture/000002", "picture/000003", "sound/000032")),
    *(f"videos/video_1/1/{name}" for name in ("video.mp4", "thumbnail.webp", "spritesheet.jpg")),
]


@pytest.mark.parametrize("key", WRITES)
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_a_write(studio: Studio, undisturbed: bytes, when: str, key: str) -> None:
    assert isinstance(studio.storage, Storage)
    studio.storage.die_at = (when, key)
    killed(studio)
    studio.storage.die_at = None
    assert film(studio, 2) == undisturbed


def test_the_sound_goes_on_without_the_picture_being_looked_at_again(
    studio: Studio, stage: FakeTriton, undisturbed: bytes
) -> None:
    def die(step: int) -> None:
        if stage.audio_orders and step == 5:
            raise Killed

    stage.on_step = die
    killed(studio)
    stage.on_step = lambda step: None
    stage.look = None  # type: ignore[assignment,method-assign]
    assert film(studio, 2) == undisturbed
    first, second = stage.audio_orders[-2:]
    assert (first.start_step, second.start_step) == (0, 4)
    assert (first.features == second.features).all()


def test_frames_that_are_there_are_told_as_made(studio: Studio, stage: FakeTriton) -> None:
    heard: list[Progress] = []

    def die(call: str, at: int) -> None:
        if (call, at) == ("upsample", 70):
            raise Killed

    stage.on_call = die
    killed(studio)
    stage.on_call = lambda call, at: None
    render(Take("video_1", 2, FILM), studio, heard.append)
    frames = [progress.step for progress in heard if progress.stage is Stage.DECODE]
    assert frames == [64, *range(65, 97)]
    assert [progress.percent for progress in heard] == sorted(progress.percent for progress in heard)
