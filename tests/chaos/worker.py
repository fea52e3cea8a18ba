"""``python -m tests.chaos.worker``: a worker process as in production, with another engine and failpoints.

The failpoints are put around functions of the worker from here; it knows nothing of them.
"""

import os
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from kombu.transport.redis import QoS

import workers.__main__
import workers.app
import workers.webhooks
from services.contract.errors import JobCancelled, LeaseLost
from services.contract.job import Progress, Result, Told
from services.jobs.ledger import Lease, Ledger
from services.jobs.outbox import Delivery, Outbox
from services.storage import local
from tests.chaos import engine
from tests.chaos.points import ANY, Points, here
from tests.chaos.versions import become, version
from tests.chaos.weaken import DEFENCES


def listen_to_ledger(points: Points, fast: engine.FastEngine, patch: pytest.MonkeyPatch) -> None:
    """Failpoints at taking, reporting and committing, and events of what the ledger said."""
    take, progress, complete = Ledger.take, Ledger.progress, Ledger.complete

    def taking(self: Ledger, *args: Any) -> Lease | None:
        lease = take(self, *args)
        if lease is not None:
            seed = fast.seed = lease.job.spec.seed
            points.note("taken", job=lease.job.id, seed=seed, token=lease.token, version=version())
            points.pass_by("taken", seed)
        return lease

    def reporting(self: Ledger, lease: Lease, at: Progress) -> None:
        progress(self, lease, at)
        points.pass_by(at.stage.value, lease.job.spec.seed)

    def committing(self: Ledger, lease: Lease, result: Result, expires_at: float) -> None:
        about = {"job": lease.job.id, "seed": lease.job.spec.seed, "token": lease.token}
        points.pass_by("uploaded", lease.job.spec.seed)
        try:
            complete(self, lease, result, expires_at)
        except (LeaseLost, JobCancelled) as error:
            points.note("refused", why=type(error).__name__, **about)
            raise
        points.note("committed", **about)
        points.pass_by("committed", lease.job.spec.seed)

    patch.setattr(Ledger, "take", taking)
    patch.setattr(Ledger, "progress", reporting)
    patch.setattr(Ledger, "complete", committing)


def listen_to_broker(points: Points, patch: pytest.MonkeyPatch) -> None:
    """A failpoint where kombu has fetched a message and not yet recorded that it did."""
    append: Any = QoS.append

    def recording(self: Any, message: Any, tag: str) -> None:
        points.pass_by("fetched", ANY)
        append(self, message, tag)

    patch.setattr(QoS, "append", recording)


def listen_to_outbox(points: Points, patch: pytest.MonkeyPatch) -> None:
    """A failpoint between a receiver's answer and the note of it; leases short enough to wait for."""
    end = Outbox.end

    def ending(self: Outbox, delivery: Delivery, told: Told, error: str = "") -> bool:
        points.pass_by("told", ANY)
        return end(self, delivery, told, error)

    patch.setattr(Outbox, "end", ending)
    patch.setattr(workers.webhooks, "Outbox", partial(Outbox, lease_s=5))


def listen_to_storage(points: Points, patch: pytest.MonkeyPatch) -> None:
    """A disk that is full after half of the bytes, while the flag is up."""
    write = local._write

    def writing(path: Path, source: Any) -> None:
        if points.has("disk-full"):
            whole = source if isinstance(source, bytes) else source.read()
            path.write_bytes(whole[: len(whole) // 2])
            raise OSError(28, "No space left on device (injected)")
        write(path, source)

    patch.setattr(local, "_write", writing)


def shift_clock(seconds: float, patch: pytest.MonkeyPatch) -> None:
    """This process's wall clock is wrong."""
    now = time.time
    patch.setattr(time, "time", lambda: now() + seconds)


def main() -> None:
    """Run until SIGTERM."""
    points, patch = here(), pytest.MonkeyPatch()
    fast = engine.from_environment(points)
    patch.setattr(workers.app, "Inference", lambda url, shared_memory: fast)
    listen_to_ledger(points, fast, patch)
    for listen in (listen_to_broker, listen_to_outbox, listen_to_storage):
        listen(points, patch)
    for name in filter(None, os.environ.get("CHAOS_WITHOUT", "").split(",")):
        DEFENCES[name](patch)
    become(version(), patch)
    if os.environ.get("CHAOS_TWO_LEADERS"):
        patch.setattr(Ledger, "lead", lambda self, who, ttl_s: True)
    if shift := float(os.environ.get("CHAOS_CLOCK_S", "0")):
        shift_clock(shift, patch)
    workers.__main__.main()


if __name__ == "__main__":
    main()
