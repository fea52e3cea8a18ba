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
    MoviolaError,
    Unavailable,
)
from services.contract.job import Failure, Progress, Result
from services.jobs.ledger import Lease, Ledger
from workers.heartbeat import Heartbeat
from workers.render import Studio, Take, render
from workers.stopwatch import Stopwatch

log = structlog.get_logger(__name__)


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
        lease = desk.ledger.claim(job_id)
        if lease is None:
            log.info("nothing_to_claim")
            return
        log.info("claimed", attempt=lease.token)
        with Heartbeat(desk.ledger, lease, desk.lease_s):
            _settle(lease, desk)


def _settle(lease: Lease, desk: Desk) -> None:
    ledger, watch = desk.ledger, Stopwatch()
    try:
        result = _make(lease, desk, watch)
        ledger.complete(lease, result, time.time() + desk.result_ttl_s)
        ledger.learn(lease.job.spec, watch.durations_s())
        log.info("completed", **result.facts.model_dump(include={"frames", "duration_s", "size_bytes"}))
    except (LeaseLost, JobCancelled) as gone:
        log.info("stopped", reason=type(gone).__name__)
    except Draining:
        ledger.give_back(lease)
        log.info("given_back")
    except Unavailable as error:
        ledger.retry(lease, Failure(code="unavailable", message=str(error)))
        log.warning("unavailable", error=str(error))
    except JobError as error:
        ledger.fail(lease, Failure(code=error.code, message=error.message))
        log.warning("failed", code=error.code, error=error.message)
    except Exception:
        ledger.fail(lease, Failure(code="internal_error", message="the job failed for a reason of ours"))
        log.exception("failed", code="internal_error")


def _make(lease: Lease, desk: Desk, watch: Stopwatch) -> Result:
    take = Take(job_id=lease.job.id, attempt=lease.token, spec=lease.job.spec)
    return render(take, desk.studio, _reporter(lease, desk, watch))


def _reporter(lease: Lease, desk: Desk, watch: Stopwatch) -> Callable[[Progress], None]:
    def report(progress: Progress) -> None:
        if desk.draining.is_set():
            raise Draining
        watch.at(progress.stage)
        desk.ledger.progress(lease, progress)

    return report
