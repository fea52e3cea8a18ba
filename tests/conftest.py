"""A real Redis for every test that wants one, and one thread for torch."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import redis

from services.contract.job import Facts
from services.local.redis import redis_answers, redis_binary


def pytest_configure() -> None:
    """Threads that spin while they wait cost more than they give on networks as small as the tests'."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def redis_server(port: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    argv = [str(redis_binary()), "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
    with (folder / "redis.log").open("ab") as log:
        server = subprocess.Popen([*argv, "--save", "", "--appendonly", "no"], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 20
        while not redis_answers(f"redis://127.0.0.1:{port}/0"):
            assert server.poll() is None, (folder / "redis.log").read_text()
            assert time.monotonic() < deadline, "Redis does not answer"
            time.sleep(0.02)
        yield server
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis of this test run. It is shared: start from ``redis_client``, which empties it."""
    port = free_port()
    with redis_server(port, tmp_path_factory.mktemp("redis")):
        yield f"redis://127.0.0.1:{port}/0"


@pytest.fixture
def start_redis(tmp_path: Path) -> Callable[[int], AbstractContextManager[subprocess.Popen[bytes]]]:
    """Starts a Redis of the test's own on a port, to be killed at will."""
    return lambda port: redis_server(port, tmp_path)


@pytest.fixture
def own_port() -> int:
    """A port on which nothing listens."""
    return free_port()


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[redis.Redis]:
    """A client of an empty Redis."""
    with redis.Redis.from_url(redis_url, socket_timeout=5) as client:
        client.flushall()
        yield client


@pytest.fixture
def facts() -> Facts:
    """Of a silent second of film that nobody made."""
    return Facts(
        width=256,
        height=144,
        frames=16,
        fps=16,
        duration_s=1,
        start_s=0,
        video_codec="h264",
        pixel_format="yuv420p",
        size_bytes=1000,
        sha256="0" * 64,
        sound=None,
        av_offset_s=0,
    )
