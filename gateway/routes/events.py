"""``/v1/videos/{id}/events``: a video's changes as server-sent events."""

import asyncio
import time
from collections.abc import AsyncIterator

import anyio.to_thread
import structlog
from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from gateway.deps import JobDep, ServicesDep
from gateway.openapi import Responses, errors
from gateway.schemas import Video, VideoDeleted
from gateway.services import Services
from gateway.views import show
from services.contract.errors import Unavailable
from services.contract.job import Job, Status
from services.jobs.outlook import Estimate

router = APIRouter(prefix="/v1/videos", tags=["videos"])

POLL_S = 0.25
HEARTBEAT_S = 10.0
UNAVAILABLE_S = 1.0

_log = structlog.get_logger(__name__)
_ANSWERS: Responses = {
    200: {
        "description": "One event a change, its data a Video; the stream ends after the final one",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    **errors(404, 503),
}


@router.get("/{video_id}/events", responses=_ANSWERS, response_class=StreamingResponse)
async def events(job: JobDep, services: ServicesDep) -> StreamingResponse:
    """Follow a video until it is completed, failed or deleted."""
    headers = {"x-accel-buffering": "no"}
    return StreamingResponse(_follow(job, services), headers=headers, media_type="text/event-stream")


async def _follow(job: Job, services: Services) -> AsyncIterator[str]:
    """Events from now on. A client that comes back after a broken stream starts with the state as it is."""
    watch = _Watch(job, services)
    spoken_at = time.monotonic()
    while not services.draining.is_set():
        try:
            news = await anyio.to_thread.run_sync(watch.look, limiter=services.watchers)
        except Unavailable as error:
            _log.warning("unavailable", part=type(error).__name__, detail=str(error))
            yield ": the ledger does not answer\n\n"
            await asyncio.sleep(UNAVAILABLE_S)
            continue
        if news is not None:
            spoken_at = time.monotonic()
            yield f"event: {_kind(news)}\ndata: {news.model_dump_json()}\n\n"
            if isinstance(news, VideoDeleted) or news.status.is_final:
                return
        elif time.monotonic() - spoken_at >= HEARTBEAT_S:
            spoken_at = time.monotonic()
            yield ": alive\n\n"
        await asyncio.sleep(POLL_S)


def _kind(news: Video | VideoDeleted) -> str:
    return "video.deleted" if isinstance(news, VideoDeleted) else f"video.{news.status}"


class _Watch:
    """Remembers what was seen. A job that waits costs nothing of its own to look at, any other one small read
    while it does not change."""

    def __init__(self, job: Job, services: Services) -> None:
        self._job, self._services = job, services
        self._version: int | None = None
        self._position: int | None = None

    def look(self) -> Video | VideoDeleted | None:
        """The video if row or place in the queue changed since the last look, else None."""
        if self._job.status is Status.QUEUED:
            estimate = self._services.lookout.seen(self._job)
            if estimate is not None:
                return None if estimate.position == self._position else self._tell(self._job, estimate)
        return self._look_closely()

    def _look_closely(self) -> Video | VideoDeleted | None:
        ledger, job = self._services.ledger, self._job
        version = ledger.version(job.tenant, job.id)
        if version is not None and version == self._version:
            return None
        found = ledger.get(job.tenant, job.id)
        if version is None or found is None:
            return VideoDeleted(id=job.id)
        self._version = version
        return self._tell(found, self._services.lookout.estimate(found))

    def _tell(self, job: Job, estimate: Estimate) -> Video:
        self._job, self._position = job, estimate.position
        return show(job, estimate)
