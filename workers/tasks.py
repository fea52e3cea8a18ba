"""The one Celery function, and the edge where every outcome of a job meets the ledger."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from services.contract.errors import (
    JobCancelled,
    JobError,
    LeaseLost,
    LedgerUnavailable,
    StorageUnavailable,
    Unavailable,
)
from services.contract.job import Failure, Progress
from services.jobs.ledger import Lease, Ledger
from workers.drain import Drain, Draining
from workers.heartbeat import Heartbeat
from workers.leftovers import clear
from workers.patience import insist
from workers.render import Studio, Take, render
from workers.stopwatch import Stopwatch

log = structlog.get_logger(__name__)

AWAY = "a part of the service did not answer, again and again; the same order may work later"
FULL = "the storage took no bytes, again and again; the same order may work later"


@dataclass(frozen=True)
class Desk:
    """What the worker needs to take jobs."""

    ledger: Ledger
    studio: Studio
    lease_s: float
    result_ttl_s: int
    drain: Drain


def work(job_id: str, desk: Desk) -> bool:
    """Take the job that is next, make its film, and write down how it ended. False where none was taken.

    ``job_id`` is the one for which the message was sent; which is next the ledger knows. Messages too many
    find nothing to take. While Triton or the storage is away nothing is taken: jobs stay queued and the
    sweeper sends more messages.
    """
    if desk.drain.has_begun or not desk.studio.ready():
        log.info("not_taken", job_id=job_id)
        return False
    try:
        lease = desk.ledger.take(desk.studio.cast.name)
        if lease is None:
            log.info("nothing_to_take", job_id=job_id)
            return False
        with structlog.contextvars.bound_contextvars(job_id=lease.job.id):
            log.info("taken", attempt=lease.job.attempt)
            _hold(lease, desk)
    except LedgerUnavailable as error:
        # The lease runs out, and the sweeper brings the job back.
        log.warning("left_to_its_lease", error=str(error))
        return False
    return True


def _hold(lease: Lease, desk: Desk) -> None:
    """One attempt with all that belongs around it. Raises LedgerUnavailable."""
    ledger, studio = desk.ledger, desk.studio
    with (
        Heartbeat(ledger, lease, desk.lease_s, studio.inference.interrupt),
        desk.drain.holding(lambda: ledger.give_back(lease)),
    ):
        try:
            _attempt(lease, desk)
        except (LeaseLost, JobCancelled) as gone:
            log.info("stopped", reason=type(gone).__name__)
        clear(lease, ledger, studio.storage)


def _attempt(lease: Lease, desk: Desk) -> None:
    """Make the film. Raises what only the ledger can say: LeaseLost, JobCancelled, LedgerUnavailable."""
    ledger = desk.ledger
    try:
        _make(lease, desk)
    except (LeaseLost, JobCancelled, LedgerUnavailable):
        raise
    except Draining:
        _give_back(lease, ledger)
    except Unavailable as error:
        if desk.drain.has_begun:
            return _give_back(lease, ledger)
        ledger.retry(lease, _absence(error))
        log.warning("unavailable", error=str(error))
    except JobError as error:
        ledger.fail(lease, Failure(code=error.code, message=error.message))
        log.warning("failed", code=error.code, error=error.message)
    except Exception:
        ledger.fail(lease, Failure(code="internal_error", message="the job failed for a reason of ours"))
        log.exception("failed", code="internal_error")


def _absence(error: Unavailable) -> Failure:
    if isinstance(error, StorageUnavailable):
        return Failure(code="storage_unavailable", message=FULL)
    return Failure(code="unavailable", message=AWAY)


def _give_back(lease: Lease, ledger: Ledger) -> None:
    ledger.give_back(lease)
    log.info("given_back")


def _make(lease: Lease, desk: Desk) -> None:
    job, watch = lease.job, Stopwatch()
    take = Take(job_id=job.id, attempt=lease.token, spec=job.spec)
    result = render(take, desk.studio, _reporter(lease, desk, watch))
    insist(lambda: desk.ledger.complete(lease, result, time.time() + desk.result_ttl_s), LedgerUnavailable)
    log.info("completed", **result.facts.model_dump(include={"frames", "duration_s", "size_bytes"}))
    if lease.token == 1:
        # A resumed attempt would make its stages look faster than they are.
        desk.ledger.learn(job.spec, watch.durations_s())


def _reporter(lease: Lease, desk: Desk, watch: Stopwatch) -> Callable[[Progress], None]:
    def report(progress: Progress) -> None:
        def stop_if_draining() -> None:
            if desk.drain.has_begun:
                raise Draining

        stop_if_draining()
        watch.at(progress.stage)
        insist(lambda: desk.ledger.progress(lease, progress), LedgerUnavailable, stop_if_draining)

    return report
