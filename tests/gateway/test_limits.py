import asyncio
import socket
from collections.abc import Iterator

import httpx
import pytest

from gateway.limits import BodyLimit
from services.contract.errors import PayloadTooLarge


def test_a_client_that_is_still_sending_gets_the_answer(server: str) -> None:
    def body() -> Iterator[bytes]:
        for _ in range(60):
            yield bytes(2**15)

    headers = {"content-type": "application/json"}
    for content in (bytes(2**21 - 1), body()):
        answer = httpx.post(f"{server}/v1/videos", content=content, headers=headers, timeout=20)
        assert answer.status_code == 413


def test_a_client_that_asks_first_is_told_before_it_sends(server: str) -> None:
    host, _, port = server.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        wire.sendall(
            b"POST /v1/videos HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n"
        )
        assert wire.recv(12) == b"HTTP/1.1 413"


def test_a_client_that_leaves_while_it_sends_makes_no_job(server: str) -> None:
    host, _, port = server.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        wire.sendall(
            b"POST /v1/videos HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b'Content-Length: 1000\r\n\r\n{"prompt": "a"}'
        )
    assert httpx.get(f"{server}/v1/videos").json()["data"] == []


@pytest.mark.parametrize("declared", [b"", b"3", b"-1", b"1e9", b"9" * 400])
def test_bytes_are_counted_whatever_is_declared(declared: bytes) -> None:
    chunks = [b"x" * 6, b"x" * 6]

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    async def app(scope: object, receive: object, send: object) -> None:
        while True:
            await receive()  # type: ignore[operator]

    scope = {"type": "http", "headers": [(b"content-length", declared)] if declared else []}
    with pytest.raises(PayloadTooLarge):
        asyncio.run(BodyLimit(app, 10)(scope, receive, receive))  # type: ignore[arg-type]
