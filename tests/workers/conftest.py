"""A ledger on a real Redis, a storage on a real folder, a tiny cast, and a stand-in for Triton."""

from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import redis

from services.contract.cast import CastManifest, Size
from services.contract.job import Facts, Job, Result, Status
from services.contract.spec import Spec
from services.inference.orders import AudioOrder, Bytes, Floats, SampleEvent, Tile, VideoOrder
from services.jobs.ledger import Ledger
from services.sampling.tiling import tiles
from services.settings import MANIFESTS
from services.storage.local import LocalStorage
from workers.drain import Drain
from workers.render import Studio
from workers.snapshots import Rhythm
from workers.tasks import Desk

CAST = CastManifest.read(MANIFESTS / "moviegen-mini.json")


class Stage:
    """Answers like Triton, in grey and silence; ``on_step`` may raise or act at any denoising step."""

    def __init__(self) -> None:
        self.is_ready = True
        self.made_by = "these"
        self.texts: list[list[list[int]]] = []
        self.video_orders: list[VideoOrder] = []
        self.audio_orders: list[AudioOrder] = []
        self.on_step = lambda step: None
        self.on_call: Callable[[str, int], object] = lambda name, number: None
        self.interrupted = False
        self.closed_at: int | None = None

    def ready(self) -> bool:
        return self.is_ready

    def fingerprint(self) -> str:
        return self.made_by

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
        self.audio_orders.append(order)
        yield from self._steps(order, np.full((32, order.length), order.features.mean(), np.float32))

    def _steps(self, order: VideoOrder | AudioOrder, latents: Floats) -> Generator[SampleEvent, None, None]:
        for step in range(order.start_step + 1, order.steps + 1):
            self.closed_at = step
            due = step == order.steps or step % order.snapshot_every == 0
            yield SampleEvent(step, latents if due else None)
            self.on_step(step)

    def interrupt(self, *, for_good: bool = False) -> None:
        self.interrupted = True

    def decode(self, latents: Floats, first: int = 0, tail: Bytes | None = None) -> Iterator[Tile]:
        """Tiles as the real ones: 16 frames each, the last as many as are left; a tail carries its tile."""
        _, count, rows, columns = latents.shape
        spans = tiles(count)
        assert (tail is None) == (first == 0)
        for tile in range(first, len(spans)):
            self.on_call("decode", tile)
            assert tail is None or (tail == tile - 1).all()
            last, begin = tile == len(spans) - 1, 16 * tile
            frames = np.zeros((8 * count - begin if last else 16, rows * 8, columns * 8, 3), np.uint8)
            frames += np.arange(begin, begin + len(frames), dtype=np.uint8)[:, None, None, None]
            tail = np.full((0 if last else 16, rows * 8, columns * 8, 3), tile, np.uint8)
            yield Tile(frames, tail)

    def upsample(self, frames: Bytes, width: int, height: int) -> Iterator[Bytes]:
        for frame in frames:
            self.on_call("upsample", int(frame[0, 0, 0]))
            yuv = np.full((1, height * 3 // 2, width), 60, np.uint8)
            yuv[:, : height // 2, : int(frame[0, 0, 0]) % width] = 200
            yield yuv

    def look(self, frames: Floats) -> Floats:
        return frames.mean(axis=(2, 3))

    def decode_audio(self, latents: Floats) -> Floats:
        self.on_call("decode_audio", 0)
        return np.sin(latents[0].repeat(1920) * np.arange(latents.shape[1] * 1920, dtype=np.float32))

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
        rhythm=Rhythm(steps=2, seconds=0),
    )
    return Desk(ledger=ledger, studio=studio, lease_s=5, result_ttl_s=60, drain=Drain(grace_s=60))


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


@pytest.fixture
def result_of(facts: Facts) -> Callable[[str], Result]:
    """The result whose objects lie in a folder."""

    def make(folder: str) -> Result:
        names = ("video.mp4", "thumbnail.webp", "spritesheet.jpg")
        video, thumbnail, spritesheet = (f"{folder}/{name}" for name in names)
        return Result(video=video, thumbnail=thumbnail, spritesheet=spritesheet, facts=facts)

    return make
