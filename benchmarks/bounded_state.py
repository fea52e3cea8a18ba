"""Redis memory and files of 10,000 jobs from create to expiry: both must come back to where they began.

The films are a few bytes each and made by nobody; ledger, storage, worker, sweeper and scan for orphans are
the real ones. Of ten jobs six are completed, one fails, one is cancelled and one deleted while it is made,
and one loses its worker in the midst of the upload. Exits with 1 where anything stays behind.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import redis
import structlog

from services.contract.cast import CastManifest
from services.contract.errors import GenerationError
from services.contract.job import Facts, Job, Progress, Result, Status
from services.contract.spec import Spec, VideoRequest, resolve
from services.jobs.identity import Identity
from services.jobs.ledger import Ledger
from services.jobs.sweeper import Sweeper
from services.local.ports import free_ports
from services.local.redis import redis_part
from services.local.supervisor import Supervisor
from services.settings import MANIFESTS
from services.storage.local import LocalStorage
from workers import orphans, tasks
from workers.drain import Drain
from workers.leftovers import attempt_folder
from workers.orphans import Orphans
from workers.render import Studio, Take
from workers.snapshots import Rhythm, folder

CAST = CastManifest.read(MANIFESTS / "moviegen-mini.json")
PREFIX = "moviola:"
FACTS = Facts(
    width=256,
    height=144,
    frames=16,
    fps=16,
    duration_s=1,
    start_s=0,
    video_codec="h264",
    pixel_format="yuv420p",
    size_bytes=4,
    sha256="0" * 64,
    sound=None,
    av_offset_s=0,
)


class Killed(BaseException):
    """The end of a worker that nobody catches."""


class Nothing:
    """Stands where Triton would: the films are not made by it."""

    def ready(self) -> bool:
        """Always."""
        return True

    def interrupt(self) -> None:
        """There is nothing to interrupt."""


class House:
    """The stack but for its processes, on a Redis and a folder."""

    def __init__(self, client: redis.Redis, root: Path) -> None:
        (root / "scratch").mkdir()
        self.client, self.root = client, root
        self.ledger = Ledger(client, failed_ttl_s=0)
        self.storage = LocalStorage(root / "storage")
        inference: Any = Nothing()
        studio = Studio(CAST, inference, self.storage, root / "scratch", Rhythm(5, 20))
        self.desk = tasks.Desk(self.ledger, studio, lease_s=10, result_ttl_s=0, drain=Drain(60))
        scan = Orphans(self.ledger, Identity(client), self.storage)
        self.sweeper = Sweeper(self.ledger, lambda _: None, 1, self.storage.delete, scan.round)

    def order(self, number: int, spec: Spec) -> None:
        """Create a job with an input, as the gateway does."""
        job_id = f"video_{number:08}"
        self.storage.put(f"inputs/{job_id}/input_reference", b"png")
        self.ledger.create(
            Job(id=job_id, tenant=f"t{number % 7}", spec=spec, status=Status.QUEUED, created_at=time.time())
        )

    def film(self, take: Take, studio: Studio, _report: Callable[[Progress], None]) -> Result:
        """In place of ``render``: the files that it would write, and an end by the job's number."""
        number, own = int(take.job_id.removeprefix("video_")), attempt_folder(take.job_id, take.attempt)
        studio.storage.put(f"{folder(take.job_id)}/picture/000005.npz", b"npz")
        if number % 10 == 6:
            raise GenerationError("not finite")
        studio.storage.put(f"{own}/video.mp4", b"film")
        if number % 10 == 7:
            self.ledger.cancel(f"t{number % 7}", take.job_id)
        if number % 10 == 8:
            self.ledger.delete(f"t{number % 7}", take.job_id)
        if number % 10 == 9 and take.attempt == 1:
            raise Killed
        studio.storage.put(f"{own}/thumbnail.webp", b"webp")
        studio.storage.put(f"{own}/spritesheet.jpg", b"jpeg")
        return Result(
            video=f"{own}/video.mp4",
            thumbnail=f"{own}/thumbnail.webp",
            spritesheet=f"{own}/spritesheet.jpg",
            facts=FACTS,
        )

    def make_all(self) -> None:
        """Work as a row of workers does until nothing is left; who is killed loses its lease at once."""
        while True:
            try:
                if not tasks.work("", self.desk):
                    return
            except Killed:
                running = f"{PREFIX}running"
                for job_id in self.client.zrange(running, 0, -1):
                    self.client.zadd(running, {job_id: 0})
                self.ledger.sweep(lambda _: None)

    def collect_all(self) -> None:
        """Sweep until all has expired and is gone. Deleted jobs' files are due a minute later: not here."""
        graves = f"{PREFIX}graves"
        for job_id in self.client.zrange(graves, 0, -1):
            self.client.zadd(graves, {job_id: 0})
        while (swept := self.sweeper.sweep()) is None or swept.expired:
            pass

    def files(self) -> int:
        """Files and folders that belong to jobs."""
        return sum(1 for name in (*orphans.FOLDERS, ".parts") for _ in self._below(name))

    def memory_bytes(self) -> int:
        """What Redis uses once all that has a time to live has lived."""
        for key in self.client.scan_iter(count=1000):
            if self.client.pttl(key) > 0:
                self.client.pexpire(key, 1)
        time.sleep(0.01)
        for key in self.client.scan_iter(count=1000):
            self.client.exists(key)
        return int(self.client.info("memory")["used_memory"])

    def lasting(self) -> set[bytes]:
        """Keys that never go by themselves."""
        return {key for key in self.client.scan_iter(count=1000) if self.client.ttl(key) == -1}

    def _below(self, name: str) -> list[Path]:
        return list((self.root / "storage" / name).rglob("*"))


def main() -> None:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    count = parser.parse_args().jobs
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory() as name:
        supervisor = Supervisor(Path(name), print)
        supervisor.start([redis_part(port, Path(name) / "redis")])
        try:
            with redis.Redis(port=port) as client:
                sys.exit(run(House(client, Path(name)), count))
        finally:
            supervisor.stop()


def run(house: House, count: int) -> int:
    """Take ``count`` jobs from create to expiry; 0 where all is as before."""
    spec = resolve(VideoRequest(prompt="a red ball"), CAST, model="moviegen-mini")
    # Syncing to disk is what takes the time, and no part of the question.
    with patch.object(tasks, "render", house.film), patch.object(os, "fsync", lambda _: None):
        for number in range(50):
            house.order(number, spec)
        house.make_all()
        house.collect_all()
        before = house.memory_bytes(), house.files(), house.lasting()
        started = time.perf_counter()
        for number in range(50, 50 + count):
            house.order(number, spec)
        house.make_all()
        peak = int(house.client.info("memory")["used_memory"]), house.files()
        house.collect_all()
        seconds = time.perf_counter() - started
        after = house.memory_bytes(), house.files(), house.lasting()
    print(f"{count} jobs in {seconds:.0f} s")
    for what, place, unit in (("Redis memory in KiB", 0, 1024), ("files and folders of jobs", 1, 1)):
        first, most, last = (int(state[place]) // unit for state in (before, peak, after))  # type: ignore[arg-type]
        print(f"{what:26} before {first}, all made {most}, after {last}")
    stays = after[2] - before[2]
    print(f"keys that stay: {sorted(stays) or 'none'}")
    grown = after[0] - before[0]
    return int(bool(stays) or after[1] > before[1] or grown > 256 * 1024)


if __name__ == "__main__":
    main()
