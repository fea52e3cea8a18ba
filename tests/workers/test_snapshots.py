from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from services.contract.errors import StorageUnavailable
from services.inference.orders import Floats, SampleEvent
from services.storage.local import LocalStorage
from workers import snapshots as module
from workers.snapshots import Rhythm, Snapshots

ALWAYS = Rhythm(steps=1, seconds=0)


def latents(step: int) -> Floats:
    return np.random.default_rng(step).normal(size=(16, 2, 4, 4)).astype(np.float32)


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the time."""
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return lambda time: now.__setitem__(0, time)


def steps(storage: LocalStorage, loop: str = "picture") -> list[int]:
    return [int(stored.key[-10:-4]) for stored in storage.page(f"snapshots/video_1/m/{loop}")]


def run(snapshots: Snapshots, *numbers: int, last: int = 99) -> None:
    for step in numbers:
        snapshots.take("picture", SampleEvent(step, latents(step)), last=step == last)


def test_the_latest_snapshot_comes_back_to_the_bit(storage: LocalStorage) -> None:
    snapshots = Snapshots(storage, "video_1", "m", ALWAYS)
    assert snapshots.load("picture") == (0, None)
    run(snapshots, 9, 10)
    step, loaded = Snapshots(storage, "video_1", "m", ALWAYS).load("picture")
    assert step == 10
    assert loaded is not None
    assert loaded.dtype == np.float32
    assert np.array_equal(loaded, latents(10))


def test_loops_and_jobs_have_their_own(storage: LocalStorage) -> None:
    for job_id, loop, step in (("video_1", "picture", 3), ("video_1", "sound", 4), ("video_10", "sound", 5)):
        snapshots = Snapshots(storage, job_id, "m", ALWAYS)
        snapshots.load(loop)
        snapshots.take(loop, SampleEvent(step, latents(step)), last=False)
    mine = Snapshots(storage, "video_1", "m", ALWAYS)
    assert [mine.load(loop)[0] for loop in ("picture", "sound")] == [3, 4]


def test_those_under_another_mark_are_neither_seen_nor_touched(storage: LocalStorage) -> None:
    storage.put("snapshots/video_1/picture/000009.npz", b"of a version that knew no marks")
    for mark, numbers in (("m", (7, 8)), ("n", (1, 2, 3))):
        snapshots = Snapshots(storage, "video_1", mark, ALWAYS)
        assert snapshots.load("picture") == (0, None)
        run(snapshots, *numbers)
    for mark, newest in (("m", 8), ("n", 3)):
        assert Snapshots(storage, "video_1", mark, ALWAYS).load("picture")[0] == newest
    assert storage.read("snapshots/video_1/picture/000009.npz")


def test_a_snapshot_is_due_after_the_later_of_both(
    storage: LocalStorage, clock: Callable[[float], None]
) -> None:
    snapshots = Snapshots(storage, "video_1", "m", Rhythm(steps=5, seconds=20))
    snapshots.load("picture")
    saved = []
    # 1 s a step: the seconds count. Then 10 s a step: the steps count.
    for step in range(1, 51):
        clock(step if step <= 25 else 25 + 10 * (step - 25))
        run(snapshots, step)
        saved += [step] if step in steps(storage) else []
    assert saved == [20, 27, 32, 37, 42, 47]


def test_the_last_step_is_always_saved(storage: LocalStorage) -> None:
    snapshots = Snapshots(storage, "video_1", "m", Rhythm(steps=5, seconds=20))
    snapshots.load("picture")
    run(snapshots, 1, 2, 3, last=3)
    assert steps(storage) == [3]


def test_no_more_than_two_are_kept_and_never_fewer_than_the_newest(storage: LocalStorage) -> None:
    snapshots = Snapshots(storage, "video_1", "m", ALWAYS)
    snapshots.load("picture")
    run(snapshots, *range(1, 31))
    assert steps(storage) == [29, 30]
    behind = Snapshots(storage, "video_1", "m", ALWAYS)
    behind._loops["picture"] = module._Loop(10, 0.0)
    run(behind, 11)
    assert steps(storage) == [29, 30]


def test_flushing_saves_what_is_newer_once(storage: LocalStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshots = Snapshots(storage, "video_1", "m", Rhythm(steps=5, seconds=3600))
    snapshots.load("picture")
    snapshots.flush("picture")
    run(snapshots, 1, 2)
    assert steps(storage) == []
    snapshots.flush("picture")
    assert steps(storage) == [2]
    monkeypatch.setattr(storage, "put", None)
    snapshots.flush("picture")


def test_a_damaged_one_gives_way_to_the_one_before(storage: LocalStorage) -> None:
    snapshots = Snapshots(storage, "video_1", "m", ALWAYS)
    snapshots.load("picture")
    run(snapshots, 7, 8)
    path = storage.path("snapshots/video_1/m/picture/000008.npz")
    whole = bytearray(path.read_bytes())
    for damaged in (b"", whole[: len(whole) // 2], whole[:600] + b"?" + whole[601:]):
        path.write_bytes(damaged)
        step, loaded = Snapshots(storage, "video_1", "m", ALWAYS).load("picture")
        assert step == 7
        assert loaded is not None
        assert np.array_equal(loaded, latents(7))


def test_a_job_goes_on_without_the_snapshots_that_storage_does_not_take(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(key: str, data: bytes) -> None:
        raise StorageUnavailable("no space left")

    snapshots = Snapshots(storage, "video_1", "m", ALWAYS)
    snapshots.load("picture")
    with monkeypatch.context() as patch:
        patch.setattr(storage, "put", full)
        run(snapshots, 1, 2)
    assert steps(storage) == []
    run(snapshots, 3)
    assert steps(storage) == [3]
