"""What handlers take in their signatures."""

import re
from typing import Annotated, cast

from fastapi import Depends, Request

from gateway.auth import Tenant
from gateway.forms import Order, read_order
from gateway.services import Services
from services.contract.errors import NotFound
from services.contract.job import Job

_VIDEO_ID = re.compile(r"video_[0-9a-z]{1,64}")


async def services(request: Request) -> Services:
    """The services that the lifespan made."""
    return cast(Services, request.state.services)


ServicesDep = Annotated[Services, Depends(services)]


def no_such_video() -> NotFound:
    """The one answer for ids that are unknown, malformed or another tenant's."""
    return NotFound("no such video", param="video_id", code="video_not_found")


async def video_id(video_id: str) -> str:
    """An id that may exist. Raises NotFound."""
    if _VIDEO_ID.fullmatch(video_id) is None:
        raise no_such_video()
    return video_id


VideoId = Annotated[str, Depends(video_id)]


def job(video_id: VideoId, tenant: Tenant, services: ServicesDep) -> Job:
    """The caller's job of that id. Raises NotFound."""
    found = services.ledger.get(tenant, video_id)
    if found is None:
        raise no_such_video()
    return found


JobDep = Annotated[Job, Depends(job)]
OrderDep = Annotated[Order, Depends(read_order)]
