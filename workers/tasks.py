"""The one Celery function, and the edge where every outcome of a job meets the ledger."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from services.contract.errors import (
    JobCancelled,
    JobError,
    LeaseLost,
    LedgerUnavailable,
    MoviolaError,
    Unavailable,
)
from services.contract.job import Failure, Progress
from services.jobs.ledger import Lease, Ledger
from workers.heartbeat import Heartbeat
from workers.render import Studio, Take, render
from workers.stopwatch import Stopwatch

log = structlog.get_logger(__name__)

PATIENCE_S = 30.0
"""How long a Redis that does not answer is waited for in the midst of a job."""


AWAY = "a part of the service did not answer, again and again; the same order may work later"


class Draining(MoviolaError):
    """The worker is stopping: the job goes back to the queue as it stands."""


@dataclass(frozen=True)
class Desk:
    """What the worker needs to take jobs."""

    ledger: Ledger
    studio: Studio
    lease_s: float
    result_ttl_s: int
    draining: threading.Event


def work(job_id: str, desk: Desk) -> None:
    """Take the job if it is to be had, make its film, and write down how it ended.

    A second delivery of the same id finds nothing to claim. While Triton is away nothing is claimed: the job
    stays queued and the sweeper sends its id again.
    """
    with structlog.contextvars.bound_contextvars(job_id=job_id):
        if desk.draining.is_set() or not desk.studio.inference.ready():
            log.info("not_taken")
            return
        try:
            lease = desk.ledger.claim(job_id)
            if lease is None:
                log.info("nothing_to_claim")
                return
            log.info("claimed", attempt=lease.job.attempt)
            with Heartbeat(desk.ledger, lease, desk.lease_s):
                _attempt(lease, desk)
        except (LeaseLost, JobCancelled) as gone:
            log.info("stopped", reason=type(gone).__name__)
        except LedgerUnavailable as error:
            # The lease runs out, and the sweeper brings the job back.
            log.warning("left_to_its_lease", error=str(error))


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
        if desk.draining.is_set():
            return _give_back(lease, ledger)
        ledger.retry(lease, Failure(code="unavailable", message=AWAY))
        log.warning("unavailable", error=str(error))
    except JobError as error:
        ledger.fail(lease, Failure(code=error.code, message=error.message))
        log.warning("failed", code=error.code, error=error.message)
    except Exception:
        ledger.fail(lease, Failure(code="internal_error", message="the job failed for a reason of ours"))
        log.exception("failed", code="internal_error")


def _give_back(lease: Lease, ledger: Ledger) -> None:
    ledger.give_back(lease)
    log.info("given_back")


def _make(lease: Lease, desk: Desk) -> None:
    job, watch = lease.job, Stopwatch()
    take = Take(job_id=job.id, attempt=lease.token, spec=job.spec)
    result = render(take, desk.studio, _reporter(lease, desk, watch))
    _insist(lambda: desk.ledger.complete(lease, result, time.time() + desk.result_ttl_s))
    log.info("completed", **result.facts.model_dump(include={"frames", "duration_s", "size_bytes"}))
    if job.attempt == 1:
        # A resumed attempt would make its stages look faster than they are.
        desk.ledger.learn(job.spec, watch.durations_s())


def _reporter(lease: Lease, desk: Desk, watch: Stopwatch) -> Callable[[Progress], None]:
    def report(progress: Progress) -> None:
        if desk.draining.is_set():
            raise Draining
        watch.at(progress.stage)
        _insist(lambda: desk.ledger.progress(lease, progress))

    return report


def _insist(call: Callable[[], None]) -> None:
    """Do ``call``, again and again while Redis does not answer: the work so far is worth a wait."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return call()
        except LedgerUnavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.25)
