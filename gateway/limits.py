"""How many bytes a body may have, counted as they come: a declared length may lie or be missing."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.contract.errors import PayloadTooLarge

DRAIN_S = 5.0


class BodyLimit:
    """Raises PayloadTooLarge from ``receive`` as soon as a body is, or says that it is, over ``limit`` bytes.

    A client that is still sending often misses an answer that comes early, as its connection is reset. So as
    many bytes again are read and thrown away first, unless it waits to be told to go on (``Expect``).
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, its body counted."""
        counted = _Counted(scope, receive, self.limit) if scope["type"] == "http" else receive
        await self.app(scope, counted, send)


class _Counted:
    def __init__(self, scope: Scope, receive: Receive, limit: int) -> None:
        headers = dict(scope["headers"])
        declared = headers.get(b"content-length", b"")
        self._declared = int(declared) if declared.isdigit() and len(declared) < 20 else 0
        self._waits = b"expect" in headers
        self._receive, self._limit = receive, limit
        self._seen = 0

    async def __call__(self) -> Message:
        if self._declared > self._limit:
            await self._refuse(drain=not self._waits)
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self._seen > self._limit:
            await self._refuse(drain=bool(message.get("more_body")))
        return message

    async def _refuse(self, drain: bool) -> None:
        left = self._limit
        try:
            async with asyncio.timeout(DRAIN_S):
                while drain and left > 0:
                    message = await self._receive()
                    left -= len(message.get("body", b""))
                    drain = bool(message.get("more_body"))
        except TimeoutError:
            pass
        raise PayloadTooLarge(f"the body is larger than {self._limit} bytes")
