from pathlib import Path

import numpy as np

from services.inference.orders import SampleEvent
from services.storage.local import LocalStorage
from workers.snapshots import Snapshots


def test_the_latest_snapshot_comes_back_to_the_bit(tmp_path: Path) -> None:
    snapshots = Snapshots(LocalStorage(tmp_path), "video_1")
    latents = np.random.default_rng(0).normal(size=(16, 2, 4, 4)).astype(np.float32)
    snapshots.keep("picture", SampleEvent(5, latents * 2))
    snapshots.keep("picture", SampleEvent(10, latents))
    step, loaded = snapshots.load("picture")
    assert step == 10
    assert loaded is not None
    assert loaded.dtype == np.float32
    assert np.array_equal(loaded, latents)


def test_steps_without_latents_change_nothing(tmp_path: Path) -> None:
    snapshots = Snapshots(LocalStorage(tmp_path), "video_1")
    assert snapshots.keep("picture", SampleEvent(1, None)) is None
    assert snapshots.load("picture") == (0, None)


def test_discard_removes_those_of_the_job_alone(tmp_path: Path) -> None:
    storage, latents = LocalStorage(tmp_path), np.zeros((1,), np.float32)
    mine, other = Snapshots(storage, "video_1"), Snapshots(storage, "video_10")
    for one in (mine, other):
        one.keep("sound", SampleEvent(1, latents))
    mine.discard()
    assert mine.load("sound") == (0, None)
    assert other.load("sound")[0] == 1
