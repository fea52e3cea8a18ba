"""``/v1/videos``: create, retrieve, list, delete, cancel."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from gateway.auth import Tenant
from gateway.deps import JobDep, OrderDep, ServicesDep, VideoId, no_such_video
from gateway.intents import IntentDep
from gateway.openapi import CREATE_ANSWERS, CREATE_BODY, errors
from gateway.orders import discard_files, place
from gateway.schemas import Video, VideoDeleted, VideoPage
from gateway.views import poll_after_ms, view

router = APIRouter(prefix="/v1/videos", tags=["videos"])


@router.post("", responses=CREATE_ANSWERS, openapi_extra=CREATE_BODY)
def create(order: OrderDep, intent: IntentDep, services: ServicesDep, response: Response) -> Video:
    """Order a video. The answer comes at once; the video is made in its turn.

    A request that comes again, with its ``Idempotency-Key`` or as a client's own retry, is answered with the
    video that it made, as that stands now."""
    placed = place(order, intent, services)
    video = view(placed.job, services)
    response.headers["openai-poll-after-ms"] = str(poll_after_ms(video))
    if placed.again:
        response.headers["idempotent-replayed"] = "true"
    return video


@router.get("", responses=errors(400, 404, 503))
def list_videos(
    tenant: Tenant,
    services: ServicesDep,
    after: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=0, le=100)] = 20,
    order: Literal["asc", "desc"] = "desc",
) -> VideoPage:
    """Videos in the order of their arrival, newest first unless asked otherwise."""
    # A page of none still tells whether there is anything.
    page = services.ledger.page(tenant, after=after, limit=max(1, limit), descending=order == "desc")
    videos = [view(job, services) for job in page.jobs[:limit]]
    return VideoPage(
        data=videos,
        first_id=videos[0].id if videos else None,
        last_id=videos[-1].id if videos else None,
        has_more=page.has_more if limit else bool(page.jobs),
    )


@router.get("/{video_id}", responses=errors(404, 503))
def retrieve(job: JobDep, services: ServicesDep, response: Response) -> Video:
    """A video's state."""
    video = view(job, services)
    response.headers["openai-poll-after-ms"] = str(poll_after_ms(video))
    return video


@router.delete("/{video_id}", responses=errors(404, 503))
def delete(video_id: VideoId, tenant: Tenant, services: ServicesDep) -> VideoDeleted:
    """Remove a video and all its files, whatever its state; work on it stops."""
    job = services.ledger.delete(tenant, video_id)
    if job is None:
        raise no_such_video()
    discard_files(job, services)
    return VideoDeleted(id=video_id)


@router.post("/{video_id}/cancel", responses=errors(404, 409, 503))
def cancel(job: JobDep, services: ServicesDep) -> Video:
    """Stop a video that is not finished: it turns ``failed`` with code ``cancelled``."""
    return view(services.ledger.cancel(job.tenant, job.id), services)
