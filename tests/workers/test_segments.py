from pathlib import Path

import numpy as np
import pytest

from services.contract.errors import StorageUnavailable
from services.storage.local import LocalStorage
from workers.segments import Segment, Segments

RNG = np.random.default_rng(0)


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "storage")


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


def segment(path: Path, frames: int = 32) -> Segment:
    path.write_bytes(RNG.bytes(5000))
    features = RNG.normal(size=(frames, 4)).astype(np.float32)
    return Segment(path, frames, features, RNG.integers(0, 256, (16, 4, 6, 3), np.uint8))


@pytest.fixture
def three(storage: LocalStorage, scratch: Path, tmp_path: Path) -> list[Segment]:
    kept = Segments(storage, "video_1", "x264", scratch)
    made = [segment(tmp_path / f"{number}.mp4") for number in range(3)]
    for number, one in enumerate(made):
        kept.keep(number, one)
    return made


def test_all_comes_back_to_the_bit(storage: LocalStorage, scratch: Path, three: list[Segment]) -> None:
    reel = Segments(storage, "video_1", "x264", scratch).load()
    assert [film.read_bytes() for film in reel.films] == [one.film.read_bytes() for one in three]
    assert reel.frames == 96
    assert (np.concatenate(reel.features) == np.concatenate([one.features for one in three])).all()
    assert reel.tail is not None
    assert (reel.tail == three[-1].tail).all()


@pytest.mark.parametrize("suffix", ["mp4", "npz"])
def test_what_is_behind_a_missing_one_does_not_count(
    storage: LocalStorage, scratch: Path, three: list[Segment], suffix: str
) -> None:
    storage.delete(f"snapshots/video_1/x264/segments/000001.{suffix}")
    reel = Segments(storage, "video_1", "x264", scratch).load()
    assert reel.frames == 32
    assert reel.tail is not None
    assert (reel.tail == three[0].tail).all()


@pytest.mark.parametrize("suffix", ["mp4", "npz"])
def test_a_damaged_one_does_not_count(
    storage: LocalStorage, scratch: Path, three: list[Segment], suffix: str
) -> None:
    path = storage.path(f"snapshots/video_1/x264/segments/000002.{suffix}")
    path.write_bytes(path.read_bytes()[:-7])
    assert Segments(storage, "video_1", "x264", scratch).load().frames == 64


def test_those_of_another_mark_or_job_do_not_count(
    storage: LocalStorage, scratch: Path, three: list[Segment]
) -> None:
    assert Segments(storage, "video_1", "x265", scratch).load().frames == 0
    assert Segments(storage, "video_2", "x264", scratch).load().tail is None


def test_a_job_goes_on_without_those_that_storage_does_not_take(
    storage: LocalStorage, scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(key: str, data: bytes) -> None:
        raise StorageUnavailable("no space left")

    monkeypatch.setattr(storage, "put", full)
    segments = Segments(storage, "video_1", "x264", scratch)
    segments.keep(0, segment(tmp_path / "0.mp4"))
    assert segments.load().films == []
