"""A ledger on a real Redis, a storage on a real folder, a tiny cast, and a stand-in for Triton."""

import threading
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import redis

from services.contract.cast import CastManifest, Size
from services.contract.job import Job, Status
from services.contract.spec import Spec
from services.inference.orders import AudioOrder, Bytes, Floats, SampleEvent, VideoOrder
from services.jobs.ledger import Ledger
from services.settings import MANIFESTS
from services.storage.local import LocalStorage
from workers.render import Studio
from workers.tasks import Desk

CAST = CastManifest.read(MANIFESTS / "moviegen-mini.json")


class Stage:
    """Answers like Triton, in grey and silence; ``on_step`` may raise or act at any denoising step."""

    def __init__(self) -> None:
        self.is_ready = True
        self.texts: list[list[list[int]]] = []
        self.video_orders: list[VideoOrder] = []
        self.on_step = lambda step: None
        self.closed_at: int | None = None

    def ready(self) -> bool:
        return self.is_ready

    def encode_text(self, tokens: Sequence[Sequence[int]]) -> tuple[Floats, Floats]:
        self.texts.append([list(row) for row in tokens])
        return np.zeros((2, len(tokens[0]), 4), np.float32), np.ones((2, len(tokens[0])), np.float32)

    def encode_image(self, frame: Bytes) -> Floats:
        return np.zeros((16, 1, frame.shape[0] // 8, frame.shape[1] // 8), np.float32)

    def sample_video(self, order: VideoOrder) -> Generator[SampleEvent, None, None]:
        self.video_orders.append(order)
        latents = np.full((16, *order.shape), order.seed % 7, np.float32)
        yield from self._steps(order, latents)

    def sample_audio(self, order: AudioOrder) -> Generator[SampleEvent, None, None]:
        assert len(order.features) * order.latents_per_s / order.fps == order.length
        yield from self._steps(order, np.zeros((32, order.length), np.float32))

    def _steps(self, order: VideoOrder | AudioOrder, latents: Floats) -> Generator[SampleEvent, None, None]:
        for step in range(order.start_step + 1, order.steps + 1):
            self.closed_at = step
            due = step == order.steps or step % order.snapshot_every == 0
            yield SampleEvent(step, latents if due else None)
            self.on_step(step)

    def decode(self, latents: Floats) -> Iterator[Bytes]:
        _, frames, rows, columns = latents.shape
        for _ in range(frames):
            yield np.full((8, rows * 8, columns * 8, 3), 120, np.uint8)

    def upsample(self, frames: Bytes, width: int, height: int) -> Iterator[Bytes]:
        yield np.full((len(frames), height * 3 // 2, width), 120, np.uint8)

    def look(self, frames: Floats) -> Floats:
        return np.zeros((len(frames), 4), np.float32)

    def decode_audio(self, latents: Floats) -> Floats:
        return np.zeros(latents.shape[1] * 1920, np.float32)

    def close(self) -> None:
        pass


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def ledger(redis_client: redis.Redis) -> Ledger:
    return Ledger(redis_client, lease_s=5)


@pytest.fixture
def desk(ledger: Ledger, stage: Stage, tmp_path: Path) -> Desk:
    (tmp_path / "scratch").mkdir()
    studio = Studio(
        cast=CAST,
        inference=stage,  # type: ignore[arg-type]
        storage=LocalStorage(tmp_path / "storage"),
        scratch=tmp_path / "scratch",
        snapshot_every=2,
    )
    return Desk(ledger=ledger, studio=studio, lease_s=5, result_ttl_s=60, draining=threading.Event())


def spec(**changes: object) -> Spec:
    base = Spec(
        model="moviegen-mini",
        cast="moviegen-mini",
        task="text",
        prompt="a red ball",
        negative_prompt="",
        size=Size(width=64, height=48, base_width=64, base_height=48),
        seconds=1,
        fps=16,
        seed=3,
        steps=6,
        guidance=5.0,
        audio=True,
        audio_prompt=None,
    )
    return base.model_copy(update=changes)


@pytest.fixture
def queued(ledger: Ledger) -> Job:
    job = Job(id="video_1", tenant="default", spec=spec(), status=Status.QUEUED, created_at=1.0)
    ledger.create(job)
    return job
