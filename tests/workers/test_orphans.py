import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from services.contract.job import Failure, Job, Result, Status
from services.jobs.identity import Identity
from services.jobs.ledger import Ledger
from services.storage.local import LocalStorage
from tests.workers.conftest import spec
from workers import orphans as module
from workers.orphans import Orphans
from workers.tasks import Desk, work

OLD_S = 3700.0


@pytest.fixture
def storage(desk: Desk) -> LocalStorage:
    assert isinstance(desk.studio.storage, LocalStorage)
    return desk.studio.storage


@pytest.fixture
def orphans(ledger: Ledger, storage: LocalStorage, redis_client: redis.Redis) -> Orphans:
    return Orphans(ledger, Identity(redis_client), storage)


@pytest.fixture
def put(storage: LocalStorage) -> Callable[..., None]:
    """Writes objects of an age."""

    def write(*keys: str, age_s: float = OLD_S) -> None:
        for key in keys:
            storage.put(key, b"x")
            os.utime(storage.path(key), (time.time() - age_s,) * 2)

    return write


def order(ledger: Ledger, job_id: str) -> Job:
    job = Job(id=job_id, tenant="default", spec=spec(), status=Status.QUEUED, created_at=1.0)
    ledger.create(job)
    return job


def scan(orphans: Orphans) -> int:
    """One scan from the begin to the end."""
    removed, rounds = 0, 0
    orphans._rest_until = 0.0
    while time.monotonic() >= orphans._rest_until:
        removed += orphans.round()
        rounds += 1
        assert rounds < 1000
    return removed


def keys(storage: LocalStorage) -> list[str]:
    return [stored.key for folder in module.FOLDERS for stored in storage.page(folder)]


def test_old_objects_without_a_row_go_and_young_ones_stay(
    orphans: Orphans, storage: LocalStorage, put: Callable[..., None]
) -> None:
    put(
        "inputs/video_a/input_reference", "snapshots/video_b/picture/000005.npz", "videos/video_c/1/video.mp4"
    )
    put("inputs/video_d/input_reference", "videos/video_e/1/video.mp4", age_s=3500)
    assert scan(orphans) == 3
    assert keys(storage) == ["inputs/video_d/input_reference", "videos/video_e/1/video.mp4"]
    assert not storage.path("videos/video_c").exists()


def test_what_a_job_needs_stays_however_old(
    orphans: Orphans, storage: LocalStorage, ledger: Ledger, put: Callable[..., None]
) -> None:
    order(ledger, "video_a")
    assert ledger.claim(order(ledger, "video_b").id)
    for job_id in ("video_a", "video_b"):
        put(f"inputs/{job_id}/input_reference", f"snapshots/{job_id}/picture/000005.npz")
        put(f"videos/{job_id}/1/video.mp4")
    before = keys(storage)
    assert scan(orphans) == 0
    assert keys(storage) == before


def test_of_a_completed_job_its_result_and_input_stay(
    orphans: Orphans, storage: LocalStorage, ledger: Ledger, desk: Desk, put: Callable[..., None]
) -> None:
    job = order(ledger, "video_a")
    work(job.id, desk)
    row = ledger.find(job.id)
    assert row is not None
    assert row.result is not None
    for key in keys(storage):
        os.utime(storage.path(key), (0, 0))
    put("inputs/video_a/input_reference", "snapshots/video_a/sound/000002.npz")
    put("videos/video_a/7/video.mp4", "videos/video_a/7/thumbnail.webp")
    assert scan(orphans) == 2
    names = ("spritesheet.jpg", "thumbnail.webp", "video.mp4")
    assert keys(storage) == [
        "inputs/video_a/input_reference",
        *(f"videos/video_a/1/{name}" for name in names),
    ]


def test_of_a_failed_job_its_input_stays(
    orphans: Orphans, storage: LocalStorage, ledger: Ledger, put: Callable[..., None]
) -> None:
    lease = ledger.claim(order(ledger, "video_a").id)
    assert lease is not None
    ledger.fail(lease, Failure(code="generation_failed", message="no"))
    put("inputs/video_a/input_reference", "snapshots/video_a/sound/000002.npz", "videos/video_a/1/video.mp4")
    assert scan(orphans) == 2
    assert keys(storage) == ["inputs/video_a/input_reference"]


def test_a_round_is_bounded_and_a_scan_goes_through_all(
    orphans: Orphans,
    storage: LocalStorage,
    ledger: Ledger,
    put: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PAGE", 4)
    order(ledger, "video_05")
    for number in range(11):
        put(f"videos/video_{number:02}/1/video.mp4", f"videos/video_{number:02}/1/thumbnail.webp")
    for folder in ("inputs", "snapshots"):
        orphans.round()
        assert module.FOLDERS[orphans._folder] != folder
    assert orphans.round() == 2
    assert len(keys(storage)) == 22 - 4
    while module.FOLDERS[orphans._folder] == "videos":
        assert orphans.round() <= 2
    assert keys(storage) == [f"videos/video_05/1/{name}" for name in ("thumbnail.webp", "video.mp4")]


def test_between_two_scans_it_rests(
    orphans: Orphans, storage: LocalStorage, put: Callable[..., None]
) -> None:
    scan(orphans)
    put("videos/video_c/1/video.mp4")
    assert orphans.round() == 0
    assert len(keys(storage)) == 1
    assert scan(orphans) == 1


def test_what_writes_left_half_done_goes(orphans: Orphans, storage: LocalStorage) -> None:
    storage.put("health/x", b"x")
    for name, age_s in (("old", OLD_S), ("young", 10)):
        part = storage.path("health").parent / ".parts" / name
        part.write_bytes(b"half")
        os.utime(part, (time.time() - age_s,) * 2)
    scan(orphans)
    assert [path.name for path in (storage.path("health").parent / ".parts").iterdir()] == ["young"]


def test_a_ledger_that_lost_its_memory_takes_nothing_with_it(
    orphans: Orphans,
    storage: LocalStorage,
    ledger: Ledger,
    redis_client: redis.Redis,
    put: Callable[..., None],
) -> None:
    scan(orphans)
    put("videos/video_a/1/video.mp4")
    redis_client.flushall()
    assert scan(orphans) == 0
    assert scan(Orphans(ledger, Identity(redis_client), storage)) == 0
    assert keys(storage) == ["videos/video_a/1/video.mp4"]
    storage.delete(module.OWNER)
    assert scan(orphans) == 1


def test_the_loser_of_a_lease_that_died_while_it_uploaded_leaves_nothing_for_good(
    orphans: Orphans,
    storage: LocalStorage,
    ledger: Ledger,
    result_of: Callable[[str], Result],
    tmp_path: Path,
) -> None:
    job = order(ledger, "video_a")
    lease = ledger.claim(job.id)
    assert lease is not None
    for key in (
        "videos/video_a/1/video.mp4",
        "videos/video_a/2/video.mp4",
        "videos/video_a/2/thumbnail.webp",
    ):
        storage.put(key, b"x")
        os.utime(storage.path(key), (0, 0))
    ledger.complete(lease, result_of("videos/video_a/1"), 4e9)
    assert scan(orphans) == 1
    assert keys(storage) == ["videos/video_a/1/video.mp4"]
