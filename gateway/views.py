"""A row of the ledger as its owner sees it, with what only the ledger as a whole knows."""

from gateway.schemas import Video
from gateway.services import Services
from services.contract.job import Job
from services.jobs.outlook import Estimate

FASTEST_POLL_MS, SLOWEST_POLL_MS, UNKNOWN_POLL_MS = 500, 5000, 1000
POLLS_PER_JOB = 40


def view(job: Job, services: Services) -> Video:
    """``job`` with its place in the queue and the time that it is likely to take."""
    return show(job, services.lookout.estimate(job))


def show(job: Job, estimate: Estimate) -> Video:
    """``job`` with an estimate that is known already."""
    eta_s = estimate.eta_s
    return Video.of(job, estimate.position, None if eta_s is None else round(eta_s, 1))


def poll_after_ms(video: Video) -> int:
    """When to ask again: often for short jobs, seldom for long ones."""
    if video.status.is_final:
        return FASTEST_POLL_MS
    if video.eta_s is None:
        return UNKNOWN_POLL_MS
    return int(min(SLOWEST_POLL_MS, max(FASTEST_POLL_MS, 1000 * video.eta_s / POLLS_PER_JOB)))
