"""``/v1/models``: the casts on offer."""

from fastapi import APIRouter

from gateway.auth import Tenant
from gateway.deps import ServicesDep
from gateway.openapi import errors
from gateway.schemas import Model, ModelPage
from services.contract.errors import NotFound

router = APIRouter(prefix="/v1/models", tags=["models"])


@router.get("", responses=errors())
async def list_models(_: Tenant, services: ServicesDep) -> ModelPage:
    """Every name that ``model`` may have, with sizes, lengths, tasks and limits."""
    return ModelPage(data=[Model.of(name, cast) for name, cast in services.catalog.by_name.items()])


@router.get("/{model:path}", responses=errors(404))
async def retrieve_model(model: str, _: Tenant, services: ServicesDep) -> Model:
    """One of them."""
    cast = services.catalog.by_name.get(model)
    if cast is None:
        raise NotFound("no such model", param="model", code="model_not_found")
    return Model.of(model, cast)
