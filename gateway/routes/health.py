"""``/livez`` and ``/readyz``. Triton's readiness is the workers' business: without it jobs wait."""

from fastapi import APIRouter, Response

from gateway.deps import ServicesDep
from gateway.schemas import Health

router = APIRouter(tags=["health"])


@router.get("/livez")
async def livez() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get("/readyz", responses={503: {"model": Health, "description": "Not ready, and which part"}})
def readyz(services: ServicesDep, response: Response) -> Health:
    """Redis and storage take writes, and the process is not about to stop."""
    parts = services.readiness.parts()
    if services.draining.is_set():
        health = Health(status="draining", parts=parts)
    else:
        health = Health(status="unavailable" if any(parts.values()) else "ok", parts=parts)
    if health.status != "ok":
        response.status_code = 503
    return health
