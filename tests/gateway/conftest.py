import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
import uvicorn
from fastapi.testclient import TestClient

from gateway.app import create_app
from gateway.config import Config
from gateway.services import Services, connect
from services.contract.job import Facts, Failure, Progress, Result, SoundFacts, Stage
from services.jobs.ledger import Lease
from services.settings import (
    MANIFESTS,
    CastSettings,
    GatewaySettings,
    QueueSettings,
    RedisSettings,
    StorageSettings,
    WebhookSettings,
)

FILM, THUMBNAIL, SHEET = bytes(range(256)) * 1000, b"RIFF thumbnail", b"JFIF sheet"
SOUND = SoundFacts(
    codec="aac", sample_rate_hz=48000, channels=1, duration_s=1, start_s=0, loudness_lufs=-23.0
)


@pytest.fixture
def config(redis_url: str, tmp_path: Path) -> Config:
    """The small cast on an empty Redis and an empty folder."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
    return Config(
        gateway=GatewaySettings(host="127.0.0.1", max_body_bytes=2**20, max_pixels=1_000_000),
        redis=RedisSettings(url=redis_url),
        storage=StorageSettings(data_dir=tmp_path),
        casts=CastSettings(manifests=(MANIFESTS / "moviegen-mini.json",), aliases=("sora-2",)),
        queue=QueueSettings(max_queued=50),
        webhooks=WebhookSettings(),
    )


@pytest.fixture
def services(config: Config) -> Iterator[Services]:
    """What the gateway works with, for tests that play the worker."""
    with connect(config, threading.Event()) as services:
        yield services


@pytest.fixture
def client(config: Config) -> Iterator[TestClient]:
    with TestClient(create_app(config), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No look at the queue serves twice: for tests that ask right after a change."""
    monkeypatch.setattr("gateway.lookout.FRESH_S", 0)
    monkeypatch.setattr("gateway.lookout.SPARING", 0)


@pytest.fixture
def make(client: TestClient) -> Callable[..., str]:
    """Orders a video and gives its id."""

    def make(**fields: object) -> str:
        answer = client.post("/v1/videos", json={"prompt": "a red ball", "seconds": 1, **fields})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    return make


@pytest.fixture
def film() -> bytes:
    """The bytes that ``complete`` stores as the film."""
    return FILM


@pytest.fixture
def start(services: Services) -> Callable[[str], Lease]:
    """Plays a worker that takes a job and finishes 5 of 50 steps."""

    def start(video_id: str) -> Lease:
        lease = services.ledger.claim(video_id)
        assert lease
        services.ledger.progress(lease, Progress(stage=Stage.SAMPLE, step=5, total_steps=50, percent=12))
        return lease

    return start


@pytest.fixture
def complete(services: Services, facts: Facts) -> Callable[..., None]:
    """Plays a worker that takes a job and completes it."""
    measured = facts.model_copy(update={"size_bytes": len(FILM), "sha256": "ab" * 32, "sound": SOUND})

    def complete(video_id: str, expires_at: float = 4e9) -> None:
        lease = services.ledger.claim(video_id)
        assert lease
        keys = [f"videos/{video_id}/1/{name}" for name in ("video.mp4", "thumbnail.webp", "spritesheet.jpg")]
        for key, data in zip(keys, (FILM, THUMBNAIL, SHEET), strict=True):
            services.storage.put(key, data)
        result = Result(video=keys[0], thumbnail=keys[1], spritesheet=keys[2], facts=measured)
        services.ledger.complete(lease, result, expires_at)

    return complete


@pytest.fixture
def fail(services: Services) -> Callable[[str], None]:
    """Plays a worker that takes a job and fails."""

    def fail(video_id: str) -> None:
        lease = services.ledger.claim(video_id)
        assert lease
        services.ledger.fail(lease, Failure(code="generation_failed", message="the latents are NaN"))

    return fail


@pytest.fixture(scope="session")
def png() -> bytes:
    """A grey picture of 32x24."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 32, 24, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * 32) * 24)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture
def server(config: Config) -> Iterator[str]:
    """The URL of a real server on the same ledger and storage."""
    # The protocol is named, else asyncio does not turn Nagle's algorithm off: 40 ms an answer.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        draining = threading.Event()
        app = create_app(config, draining=draining)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            deadline = time.monotonic() + 20
            while not server.started and time.monotonic() < deadline:
                time.sleep(0.01)
            assert server.started
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            draining.set()
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()
