"""A storage or disk that takes no bytes: the job waits or fails with a code, and no half file has a name."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from services.contract.errors import StorageUnavailable
from services.contract.job import Job, Status
from services.jobs.ledger import Ledger
from services.storage.local import LocalStorage
from tests.workers.conftest import Stage as FakeTriton
from workers import patience
from workers.tasks import Desk, work

ROOT = Path(__file__).parents[2]


class Failing(LocalStorage):
    """Refuses keys with one of these words in them, ``times`` times."""

    words: tuple[str, ...] = ()
    times = 10**9
    free = 10**12

    def put(self, key: str, data: bytes | Path) -> None:
        if any(word in key for word in self.words) and self.times > 0:
            self.times -= 1
            raise StorageUnavailable(f"{key}: No space left on device")
        super().put(key, data)

    def room(self) -> int:
        return self.free


@pytest.fixture
def storage(tmp_path: Path) -> Failing:
    return Failing(tmp_path / "storage")


@pytest.fixture
def full(desk: Desk, storage: Failing, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(patience, "PATIENCE_S", 0.05)
    monkeypatch.setattr(patience, "PAUSE_S", 0.01)
    monkeypatch.setattr("services.jobs.ledger.RETRY_DELAY_MS", 0)
    return replace(desk, studio=replace(desk.studio, storage=storage, min_free_bytes=1000))


def status(ledger: Ledger, job: Job) -> Status:
    row = ledger.find(job.id)
    assert row is not None
    return row.status


@pytest.mark.parametrize("how", ["full", "refuses", "unavailable"])
def test_no_job_is_taken_by_who_could_not_keep_its_film(
    full: Desk, ledger: Ledger, queued: Job, storage: Failing, stage: FakeTriton, how: str
) -> None:
    if how == "full":
        storage.free = 999
    elif how == "refuses":
        storage.words = ("health",)
    else:
        Path(storage._root).write_bytes(b"not a folder")
    work(queued.id, full)
    assert ledger.find(queued.id) == queued
    storage.free, storage.words = 1000, ()
    Path(storage._root).unlink(missing_ok=True) if how == "unavailable" else None
    work(queued.id, full)
    assert status(ledger, queued) is Status.COMPLETED


def test_snapshots_and_segments_are_not_worth_a_job(
    full: Desk, ledger: Ledger, queued: Job, storage: Failing
) -> None:
    storage.words = ("snapshots",)
    work(queued.id, full)
    assert status(ledger, queued) is Status.COMPLETED


@pytest.mark.parametrize("name", ["video.mp4", "thumbnail.webp", "spritesheet.jpg"])
def test_a_result_is_put_again_until_it_is_there(
    full: Desk, ledger: Ledger, queued: Job, storage: Failing, stage: FakeTriton, name: str
) -> None:
    storage.words, storage.times = (name,), 2
    work(queued.id, full)
    row = ledger.find(queued.id)
    assert row is not None
    assert (row.status, row.attempt) == (Status.COMPLETED, 1)
    assert len(stage.video_orders) == 1


def test_a_result_that_finds_no_place_waits_with_all_its_work_done(
    full: Desk, ledger: Ledger, queued: Job, storage: Failing, stage: FakeTriton
) -> None:
    storage.words = ("thumbnail",)
    work(queued.id, full)
    assert status(ledger, queued) is Status.QUEUED
    assert storage.page("videos") == []
    storage.words = ()
    frames: list[int] = []
    stage.on_call = lambda name, number: frames.append(number)
    work(queued.id, full)
    assert status(ledger, queued) is Status.COMPLETED
    assert (len(stage.video_orders), len(stage.audio_orders)) == (1, 1)
    assert frames == [0]  # of the sound's decoder


def test_it_fails_with_a_code_in_the_end_and_leaves_nothing(
    full: Desk, ledger: Ledger, queued: Job, storage: Failing
) -> None:
    storage.words = ("video.mp4",)
    for _ in range(30):
        work(queued.id, full)
    row = ledger.find(queued.id)
    assert row is not None
    assert row.failure is not None
    assert (row.status, row.failure.code) == (Status.FAILED, "storage_unavailable")
    assert [*storage.page("videos"), *storage.page("snapshots")] == []


LIMITED = """
import resource, sys
from pathlib import Path
import structlog
import workers.patience
structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
from services.contract.cast import Size
from services.contract.errors import StorageUnavailable
from services.storage.local import LocalStorage
from tests.workers.conftest import CAST, Stage, spec
from workers.render import Studio, Take, render
from workers.snapshots import Rhythm

workers.patience.PATIENCE_S = 0
root, hard = Path(sys.argv[1]), resource.getrlimit(resource.RLIMIT_FSIZE)[1]
(root / "scratch").mkdir()
film = spec(seconds=2, size=Size(width=128, height=96, base_width=64, base_height=48))
films, refused = set(), 0
for limit in [10**8, *range(200, 40_000, 1700), 10**8]:
    storage = LocalStorage(root / str(limit))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        studio = Studio(CAST, Stage(), storage, root / "scratch", Rhythm(1, 0))
        result = render(Take("video_1", limit, film), studio, lambda progress: None)
        films.add(storage.read(result.video))
    except StorageUnavailable:
        refused += 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (10**9, hard))
    assert not list((root / "scratch").iterdir())
    assert not list((root / str(limit) / ".parts").glob("*"))
print(len(films), refused, max(map(len, films)))
"""


def test_a_disk_that_is_full_at_any_byte_gives_the_film_or_an_error(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)], capture_output=True, text=True, cwd=ROOT, timeout=120
    )
    assert done.returncode == 0, done.stderr
    films, refused, size = map(int, done.stdout.split())
    assert films == 1
    assert refused >= size // 1700
    for video in tmp_path.glob("*/videos/video_1/*/video.mp4"):
        assert video.stat().st_size == size
