"""An engine for volume, in the place of Triton: films of whole numbers, in milliseconds.

The loops really iterate, so that a film which went on from a wrong step, or did one twice, has other bytes.
In whole numbers, since a sum of floats may depend on its order.
"""

import os
import threading
import time
from collections.abc import Generator, Iterator, Sequence

import numpy as np

from services.contract.errors import InferenceUnavailable
from services.inference.orders import AudioOrder, Bytes, Floats, Order, SampleEvent, Tile, VideoOrder
from services.sampling.tiling import tiles
from tests.chaos import film
from tests.chaos.points import Points

PRIME = np.float32(257)
HANG_S = 2.0
"""How long a silent engine is waited for; the real client waits for two minutes."""


NEXT = 1
"""Weights of the next version."""
NEW_WEIGHTS = "new-weights"
"""While this flag is up every engine has the weights of the next version."""


class FastEngine:
    """Takes the place of ``services.inference.client.Inference``. Not for several threads at once, but for
    ``interrupt``. Of other ``weights`` every number of a film is another."""

    def __init__(self, points: Points, *, step_s: float = 0.0, weights: int = 0) -> None:
        self._points, self._step_s = points, step_s
        self._own_weights = weights
        self._interrupted, self._shut = threading.Event(), False
        self.seed = -1
        """Of the job in hand; whoever takes one says so."""

    def ready(self) -> bool:
        return not self._points.has("engine-down")

    def interrupt(self, *, for_good: bool = False) -> None:
        self._shut = self._shut or for_good
        self._interrupted.set()

    def close(self) -> None:
        pass

    @property
    def _weights(self) -> int:
        return NEXT if self._points.has(NEW_WEIGHTS) else self._own_weights

    def fingerprint(self) -> str:
        self._answer()
        return f"weights {self._weights}"

    def encode_text(self, tokens: Sequence[Sequence[int]]) -> tuple[Floats, Floats]:
        self._answer()
        return np.zeros((2, len(tokens[0]), 4), np.float32), np.ones((2, len(tokens[0])), np.float32)

    def encode_image(self, frame: Bytes) -> Floats:
        self._answer()
        return np.zeros((16, 1, frame.shape[0] // 8, frame.shape[1] // 8), np.float32)

    def sample_video(self, order: VideoOrder) -> Generator[SampleEvent, None, None]:
        yield from self._loop("picture", order, (16, *order.shape))

    def sample_audio(self, order: AudioOrder) -> Generator[SampleEvent, None, None]:
        yield from self._loop("sound", order, (32, order.length))

    def _loop(self, name: str, order: Order, shape: tuple[int, ...]) -> Generator[SampleEvent, None, None]:
        variant = order.seed % film.VARIANTS
        latents = order.latents
        if latents is None:
            latents = np.full(shape, variant, np.float32)
        weights = self._weights
        places = np.arange(latents.size, dtype=np.float32).reshape(shape) % PRIME
        for step in range(order.start_step + 1, order.steps + 1):
            self._answer()
            time.sleep(self._step_s)
            if self._weights != weights:
                raise InferenceUnavailable("injected: replaced, and the stream with it")
            latents = (latents * 3 + places + step * (variant + 1) + weights) % PRIME
            self._points.note("step", seed=order.seed, loop=name, step=step, weights=weights)
            yield SampleEvent(step, latents)
            if step == 2 * order.steps // 3:
                self._points.pass_by(f"{name}-step", order.seed)

    def decode(self, latents: Floats, first: int = 0, tail: Bytes | None = None) -> Iterator[Tile]:
        spans, weights = tiles(latents.shape[1]), 0
        picture = (latents.sum(axis=0) % 256).astype(np.uint8)
        frames = picture.repeat(8, 0).repeat(8, 1).repeat(8, 2)[..., None].repeat(3, 3)
        for number in range(first, len(spans)):
            self._answer()
            self._points.pass_by(f"tile-{number}", self.seed)
            last = number == len(spans) - 1
            frames += np.uint8(self._weights - weights)
            weights = self._weights
            yield Tile(frames[16 * number : None if last else 16 * number + 16], frames[: 0 if last else 16])

    def upsample(self, frames: Bytes, width: int, height: int) -> Iterator[Bytes]:
        for frame in frames:
            yuv = np.full((1, height * 3 // 2, width), 128, np.uint8)
            yuv[0, :height] = 16 + frame[:, :, 0] // 2
            yield yuv

    def look(self, frames: Floats) -> Floats:
        seen: Floats = frames.mean(axis=(2, 3), dtype=np.float32)
        return seen

    def decode_audio(self, latents: Floats) -> Floats:
        self._answer()
        wave: Floats = (latents[0].repeat(96) / 256 - np.float32(0.5)).repeat(20)
        return wave

    def _answer(self) -> None:
        """As the real client: an interrupt ends the call at work, and a silence ends in an error."""
        self._interrupted.clear()
        if self._points.has("engine-hangs"):
            self._interrupted.wait(HANG_S)
            raise InferenceUnavailable("injected: silent, or interrupted")
        if self._shut or self._points.has("engine-fails"):
            raise InferenceUnavailable("injected: does not answer")


def from_environment(points: Points) -> FastEngine:
    """An engine as fast as ``CHAOS_STEP_S`` says, with the weights of ``CHAOS_WEIGHTS``."""
    step_s = float(os.environ.get("CHAOS_STEP_S", "0.004"))
    return FastEngine(points, step_s=step_s, weights=int(os.environ.get("CHAOS_WEIGHTS", "0")))
