"""Cancel, delete and a lost lease win at every stage: no file of a job outlives the decision."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import redis

from services.contract.errors import Conflict
from services.contract.job import Job, Result, Status
from services.jobs.ledger import Lease, Ledger
from services.storage.local import LocalStorage
from tests.workers.conftest import Stage as FakeTriton
from tests.workers.conftest import spec
from workers import render
from workers.leftovers import job_folders
from workers.tasks import Desk, work

Act = Callable[[], object]
POINTS = (
    *("encode_text", "encode_image", "sample_video", "decode", "upsample", "look", "sample_audio"),
    *("decode_audio", "write_sound", "mux", "measure", "thumbnail", "spritesheet"),
    *("put segments/000000.mp4", "put segments/000000.npz", "put picture/000002", "put sound/000002"),
    *("put video.mp4", "put thumbnail.webp", "put spritesheet.jpg", "commit"),
)


class Storage(LocalStorage):
    """Calls ``after`` with each key that was written."""

    after: Callable[[str], object] = staticmethod(lambda key: None)

    def put(self, key: str, data: bytes | Path) -> None:
        super().put(key, data)
        self.after(key)


@pytest.fixture
def watched(desk: Desk, tmp_path: Path, ledger: Ledger) -> Desk:
    """A desk with a job that begins with a picture, at whose storage one can listen."""
    return replace(desk, studio=replace(desk.studio, storage=Storage(tmp_path / "storage")))


@pytest.fixture
def job(watched: Desk, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Job:
    grey = np.full((48, 64, 3), 128, np.uint8)
    monkeypatch.setattr("workers.render.read_image", lambda data, width, height: grey)
    watched.studio.storage.put("inputs/video_1/input_reference", b"png")
    film = spec(task="image", input_reference="inputs/video_1/input_reference")
    made = Job(id="video_1", tenant="default", spec=film, status=Status.QUEUED, created_at=1.0)
    ledger.create(made)
    return made


def at(point: str, act: Act, desk: Desk, stage: FakeTriton, patch: pytest.MonkeyPatch) -> list[str]:
    """Let ``act`` happen once, right after ``point``. The list says whether it did."""
    happened: list[str] = []

    def once() -> None:
        if not happened:
            happened.append(point)
            act()

    if point.startswith("put "):
        name = point.removeprefix("put ")
        assert isinstance(desk.studio.storage, Storage)
        desk.studio.storage.after = lambda key: once() if name in key else None
        return happened
    if point == "commit":
        complete = desk.ledger.complete

        def commit(lease: Lease, result: Result, expires_at: float) -> None:
            once()
            complete(lease, result, expires_at)

        patch.setattr(desk.ledger, "complete", commit)
        return happened
    owner: object = stage if hasattr(stage, point) else render
    original = getattr(owner, point)

    def then(*args: object, **keywords: object) -> Any:
        answer = original(*args, **keywords)
        if point in ("sample_video", "sample_audio", "decode", "upsample"):
            return _after_first(answer, once)
        once()
        return answer

    patch.setattr(owner, point, then)
    return happened


def _after_first(events: Iterable[object], once: Act) -> Iterator[object]:
    for event in events:
        yield event
        once()


def files(desk: Desk) -> list[str]:
    return [
        stored.key
        for folder in ("inputs", "snapshots", "videos")
        for stored in desk.studio.storage.page(folder)
    ]


@pytest.mark.parametrize("point", POINTS)
def test_a_cancelled_job_leaves_its_input_alone(
    watched: Desk, ledger: Ledger, job: Job, stage: FakeTriton, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    happened = at(point, lambda: ledger.cancel("default", job.id), watched, stage, monkeypatch)
    work(job.id, watched)
    assert happened == [point]
    row = ledger.find(job.id)
    assert row is not None
    assert row.failure is not None
    assert (row.status, row.failure.code, row.result) == (Status.FAILED, "cancelled", None)
    assert files(watched) == ["inputs/video_1/input_reference"]


@pytest.mark.parametrize("point", POINTS)
def test_a_deleted_job_leaves_nothing(
    watched: Desk, ledger: Ledger, job: Job, stage: FakeTriton, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    def delete() -> None:
        ledger.delete("default", job.id)
        for folder in job_folders(job.id):
            watched.studio.storage.delete(folder)

    happened = at(point, delete, watched, stage, monkeypatch)
    work(job.id, watched)
    assert happened == [point]
    assert ledger.find(job.id) is None
    assert files(watched) == []


@pytest.mark.parametrize("point", POINTS)
def test_who_lost_the_lease_leaves_the_winners_film(
    watched: Desk,
    ledger: Ledger,
    job: Job,
    stage: FakeTriton,
    monkeypatch: pytest.MonkeyPatch,
    redis_client: redis.Redis,
    point: str,
) -> None:
    def another_makes_it() -> None:
        assert redis_client.zadd("moviola:running", {job.id: 0}, xx=True, ch=True) == 1
        assert ledger.sweep(lambda wake: None).returned == (job.id,)
        work(job.id, watched)

    happened = at(point, another_makes_it, watched, stage, monkeypatch)
    work(job.id, watched)
    assert happened == [point]
    row = ledger.find(job.id)
    assert row is not None
    assert row.result is not None
    assert row.result.video == "videos/video_1/2/video.mp4"
    names = ("spritesheet.jpg", "thumbnail.webp", "video.mp4")
    assert files(watched) == [
        "inputs/video_1/input_reference",
        *(f"videos/video_1/2/{name}" for name in names),
    ]


def test_after_the_commit_a_cancel_comes_too_late(watched: Desk, ledger: Ledger, job: Job) -> None:
    work(job.id, watched)
    with pytest.raises(Conflict):
        ledger.cancel("default", job.id)
    row = ledger.find(job.id)
    assert row is not None
    assert row.result is not None
    assert watched.studio.storage.exists(row.result.video)


def test_a_silent_stage_is_woken_when_its_job_is_cancelled(
    watched: Desk, ledger: Ledger, job: Job, stage: FakeTriton
) -> None:
    def wait(name: str, number: int) -> None:
        if name == "decode":
            ledger.cancel("default", job.id)
            deadline = time.monotonic() + 5
            while not stage.interrupted and time.monotonic() < deadline:
                time.sleep(0.01)

    stage.on_call = wait
    work(job.id, replace(watched, lease_s=0.3))
    assert stage.interrupted
    assert files(watched) == ["inputs/video_1/input_reference"]
