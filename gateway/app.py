"""The ASGI application."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from typing import TypedDict

from fastapi import FastAPI

from gateway import errors
from gateway.config import Config, check_exposure
from gateway.limits import BodyLimit
from gateway.routes import content, events, health, models, videos
from gateway.services import Services, connect
from gateway.webhooks import Webhooks

Connect = Callable[[Config, threading.Event], AbstractContextManager[Services]]


class State(TypedDict):
    """What the lifespan hands to every request."""

    services: Services


def create_app(
    config: Config | None = None, *, draining: threading.Event | None = None, connect: Connect = connect
) -> FastAPI:
    """The gateway on ``config`` (from the environment where None). Whoever runs it sets ``draining`` when it
    is about to stop. Raises ConfigurationError."""
    config = config or Config.from_environment()
    check_exposure(config.gateway)
    Webhooks.of(config.webhooks)  # wrong settings stop the start, not the first order
    stopping = draining or threading.Event()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[State]:
        with connect(config, stopping) as services:
            yield {"services": services}

    # No documentation pages: they would load scripts from elsewhere. /openapi.json is served.
    app = FastAPI(
        title="Moviola", summary="A durable Videos API", lifespan=lifespan, docs_url=None, redoc_url=None,
        redirect_slashes=False,
    )  # fmt: skip
    for routes in (videos, content, events, models, health):
        app.include_router(routes.router)
    errors.install(app)
    app.add_middleware(BodyLimit, limit=config.gateway.max_body_bytes)
    app.add_middleware(errors.Edge)
    return app
