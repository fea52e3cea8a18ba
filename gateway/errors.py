"""Every refusal and failure in one shape: ``{"error": {"message", "type", "code", "param"}}``.

``answer`` turns any error into its response; ``Edge`` is the outermost middleware and one of the three places
of the code base that catch ``Exception``: whatever nobody foresaw is logged and answered with a bare 500.
"""

import re
import secrets
import time
from collections.abc import Mapping
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.ranges import RangeNotSatisfiable
from gateway.validation import first_problem
from services.contract.errors import (
    Conflict,
    InFlight,
    MoviolaError,
    RequestError,
    TooManyRequests,
    Unavailable,
)

RETRY_UNAVAILABLE_AFTER_S = 2
TEXT_LIMIT = 500
REQUEST_ID = "x-request-id"
DEFAULT_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}

_ACCEPTED_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_log = structlog.get_logger(__name__)


def answer(error: Exception) -> Response:
    """The response to ``error``; nothing of an unforeseen one is shown."""
    match error:
        case RequestError():
            return _reply(error.status, error.message, error.type, error.code, error.param, _headers(error))
        case RequestValidationError():
            problem = first_problem(error.errors(), skip=1)
            return _reply(400, problem.message, "invalid_request_error", problem.code, problem.param)
        case HTTPException():
            code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
            return _reply(error.status_code, error.detail, "invalid_request_error", code, None, error.headers)
        case ClientDisconnect():
            return _reply(400, "the body ended early", "invalid_request_error", "incomplete_body", None)
        case Unavailable():
            _log.warning("unavailable", part=type(error).__name__, detail=str(error))
            wait = {"retry-after": str(RETRY_UNAVAILABLE_AFTER_S)}
            message = "a part of the service does not answer now; try again"
            return _reply(503, message, "server_error", "unavailable", None, wait)
    _log.error("unforeseen_error", exc_info=error)
    return _reply(500, "the server failed to answer this request", "server_error", "internal_error", None)


def install(app: FastAPI) -> None:
    """Make ``answer`` the handler of everything that routes and dependencies raise."""

    async def handle(_: Request, error: Exception) -> Response:
        return answer(error)

    for kind in (MoviolaError, RequestValidationError, HTTPException, ClientDisconnect):
        app.add_exception_handler(kind, handle)


def _headers(error: RequestError) -> dict[str, str]:
    if isinstance(error, TooManyRequests | InFlight):
        return {"retry-after": str(error.retry_after_s)}
    if isinstance(error, RangeNotSatisfiable):
        return {"content-range": f"bytes */{error.size_bytes}"}
    # The OpenAI client repeats a 409; nothing here changes by asking again at once.
    return {"x-should-retry": "false"} if isinstance(error, Conflict) else {}


def _reply(
    status: int,
    message: str,
    kind: str,
    code: str,
    param: str | None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    body = {"error": {"message": _safe(message), "type": kind, "code": code, "param": param and _safe(param)}}
    return JSONResponse(body, status, headers)


def _safe(text: str) -> str:
    """``text`` without what UTF-8 cannot say; field names that clients make up may be of any length, too."""
    return text[:TEXT_LIMIT].encode(errors="replace").decode()


class Edge:
    """Gives each request an id, a log line without its content, headers, and an answer whatever happens."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = _Exchange(scope, send)
        with structlog.contextvars.bound_contextvars(request_id=exchange.request_id):
            try:
                await self.app(scope, receive, exchange.send)
            except Exception as error:
                if exchange.status:  # half an answer is out: only a broken connection tells the client
                    _log.error("answer_broken_off", exc_info=error)
                    raise
                await answer(error)(scope, receive, exchange.send)
            finally:
                exchange.log()


class _Exchange:
    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self._started = time.perf_counter()
        self.status = 0
        given = dict(scope["headers"]).get(REQUEST_ID.encode(), b"").decode("latin-1")
        self.request_id = given if _ACCEPTED_REQUEST_ID.fullmatch(given) else f"req_{secrets.token_hex(12)}"

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers[REQUEST_ID] = self.request_id
            for name, value in DEFAULT_HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)

    def log(self) -> None:
        _log.info(
            "request",
            method=self._scope["method"],
            route=getattr(self._scope.get("route"), "path", "unmatched"),
            status=self.status,
            duration_ms=round((time.perf_counter() - self._started) * 1000, 1),
        )
