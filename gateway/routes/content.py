"""``/v1/videos/{id}/content``: the film, its thumbnail and its sprite sheet."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from gateway.deps import JobDep, ServicesDep
from gateway.openapi import Responses, errors
from gateway.ranges import Span, matches, parse_range
from services.contract.errors import NotFound
from services.contract.job import Job, Result, Status

router = APIRouter(prefix="/v1/videos", tags=["videos"])

Variant = Literal["video", "thumbnail", "spritesheet"]
_TYPES = {
    "video": ("video/mp4", "mp4"),
    "thumbnail": ("image/webp", "webp"),
    "spritesheet": ("image/jpeg", "jpg"),
}
_MEDIA = {kind: {"schema": {"type": "string", "format": "binary"}} for kind, _ in _TYPES.values()}
_ANSWERS: Responses = {
    200: {"description": "The whole object", "content": _MEDIA},
    206: {"description": "The range that was asked for", "content": _MEDIA},
    304: {"description": "The client has it"},
    **errors(400, 404, 416, 503),
}


@router.head("/{video_id}/content", include_in_schema=False)
@router.get("/{video_id}/content", responses=_ANSWERS, response_class=StreamingResponse)
def content(
    request: Request,
    job: JobDep,
    services: ServicesDep,
    variant: Annotated[Variant, Query()] = "video",
    range_: Annotated[str | None, Header(alias="range")] = None,
    if_range: Annotated[str | None, Header()] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """The bytes of a completed video. One range at a time; the ETag is made of the film's SHA-256."""
    result = _result(job)
    key = {"video": result.video, "thumbnail": result.thumbnail, "spritesheet": result.spritesheet}[variant]
    kind, suffix = _TYPES[variant]
    etag = f'"{result.facts.sha256}-{variant}"'
    with _deleted_meanwhile():
        size_bytes = services.storage.size(key)
    headers = {
        "accept-ranges": "bytes",
        "etag": etag,
        "cache-control": "private, no-cache",
        "content-disposition": f'inline; filename="{job.id}.{suffix}"',
        "content-security-policy": "frame-ancestors 'none'",
    }
    if matches(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    wanted = range_ if request.method == "GET" and (if_range is None or matches(if_range, etag)) else None
    part = parse_range(wanted, size_bytes)
    span = part or Span(0, size_bytes)
    headers["content-length"] = str(span.length)
    if part:
        headers["content-range"] = part.content_range(size_bytes)
    if request.method == "HEAD":
        return Response(headers=headers, media_type=kind)
    with _deleted_meanwhile():
        blocks = services.storage.open(key, span.start, span.length)
    return StreamingResponse(blocks, 206 if part else 200, headers, kind)


def _result(job: Job) -> Result:
    """What the job made. Raises NotFound where there is nothing (yet, or any more)."""
    if job.expires_at is not None and job.expires_at <= time.time():
        raise NotFound("the video has expired", param="video_id", code="content_expired")
    if job.status is Status.COMPLETED and job.result:
        return job.result
    code = "content_not_available" if job.status.is_final else "content_not_ready"
    raise NotFound(f"the video has no content: its status is {job.status}", param="video_id", code=code)


@contextmanager
def _deleted_meanwhile() -> Iterator[None]:
    try:
        yield
    except NotFound as error:
        raise NotFound("the video's content is gone", param="video_id", code="content_gone") from error
