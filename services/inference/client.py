"""The client of one cast's Triton: a typed function for each model that a worker calls.

All raise InferenceUnavailable where Triton does not answer in time, is not ready or fails in a way that may
pass, and GenerationError where the same call would fail again. Shapes as in ``services.inference.orders``.
"""

import itertools
from collections.abc import Generator, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np

from services.contract import tensors
from services.contract.cast import TASKS
from services.contract.errors import InferenceUnavailable
from services.contract.tokenizer import PAD
from services.inference.door import Arrays, Door, Patience
from services.inference.orders import AudioOrder, Bytes, Floats, Order, SampleEvent, Tile, VideoOrder
from services.inference.windows import Windows


class Inference:
    """The Triton at ``url`` (host:port of gRPC). Connects when first used; not for several threads at once.

    ``shared_memory`` sends large frames through ``/dev/shm``: only where both are on one host.
    """

    def __init__(self, url: str, *, shared_memory: bool, patience: Patience | None = None) -> None:
        self._door = Door(url, patience or Patience())
        self._windows = Windows(self._door, shared_memory=shared_memory)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back shared memory and connection."""
        self._windows.close()
        self._door.close()

    def interrupt(self, *, for_good: bool = False) -> None:
        """End the call at work with InferenceUnavailable, from another thread; all later ones if
        ``for_good``."""
        self._door.interrupt(for_good=for_good)

    def ready(self) -> bool:
        """Whether Triton answers and all its models are ready."""
        return self._door.is_ready()

    def fingerprint(self) -> str:
        """What all that is made depends on beside what is asked: other networks or loops have another word.
        Empty where that Triton is too old to say."""
        try:
            word: bytes = self._ask(tensors.FINGERPRINT, {}, tensors.FINGERPRINT).tobytes()
        except InferenceUnavailable:
            if self.ready() and not self._door.has(tensors.FINGERPRINT):
                return ""
            raise
        return word.hex()

    def encode_text(self, tokens: Sequence[Sequence[int]]) -> tuple[Floats, Floats]:
        """States [B,L,D] and mask [B,L] (1 for a token, 0 for padding) of padded rows of token ids."""
        batch = np.array(tokens, dtype=np.int64)
        states: Floats = self._ask(tensors.TEXT_ENCODER, {tensors.TOKENS: batch}, tensors.STATES)
        return states, (batch != PAD).astype(np.float32)

    def encode_image(self, frame: Bytes) -> Floats:
        """Latents [C,1,h,w] of one RGB frame [8h,8w,3]."""
        video = frame.astype(np.float32).transpose(2, 0, 1)[None, :, None] / np.float32(127.5) - np.float32(1)
        latents: Floats = self._ask(tensors.VIDEO_ENCODER, {tensors.VIDEO: video}, tensors.LATENTS)[0]
        return latents

    def look(self, frames: Floats) -> Floats:
        """Features [n,V] of frames [n,3,px,px] in [-1, 1]."""
        features: Floats = self._ask(tensors.VISUAL_ENCODER, {tensors.FRAMES: frames}, tensors.FEATURES)
        return features

    def sample_video(self, order: VideoOrder) -> Generator[SampleEvent, None, None]:
        """Every finished step of the picture's loop. Closing the iterator stops the loop within a step."""
        inputs = _course(order) | {
            tensors.SHAPE: np.array(order.shape, dtype=np.int64),
            tensors.TASK: np.array([TASKS.index(order.task)], dtype=np.int64),
        }
        if order.condition is not None:
            inputs[tensors.SOURCE] = order.condition
        if order.character is not None:
            inputs[tensors.CHARACTER] = order.character
        yield from self._sample(tensors.SAMPLE_VIDEO, inputs)

    def sample_audio(self, order: AudioOrder) -> Generator[SampleEvent, None, None]:
        """Every finished step of the sound's loop. Closing the iterator stops the loop within a step."""
        inputs = _course(order) | {
            tensors.SHAPE: np.array([order.length], dtype=np.int64),
            tensors.FEATURES: order.features,
            tensors.FRAMES_PER_LATENT: np.array([order.fps / order.latents_per_s], dtype=np.float32),
        }
        yield from self._sample(tensors.SAMPLE_AUDIO, inputs)

    def decode(self, latents: Floats, first: int = 0, tail: Bytes | None = None) -> Iterator[Tile]:
        """Tiles [n,8h,8w,3] of latents [C,T,h,w]: 8 T frames in all.

        To go on where an earlier decoding stopped, give the number of the ``first`` tile wanted and the
        ``tail`` of the one before it.
        """
        inputs: Arrays = {tensors.LATENTS: latents} | ({} if tail is None else {tensors.TAIL: tail})
        for tile in itertools.count(first):
            inputs[tensors.TILE] = np.array([tile], dtype=np.int32)
            outputs = self._door.ask(tensors.DECODE_VIDEO, inputs, [tensors.FRAMES, tensors.TAIL])
            yield Tile(outputs[tensors.FRAMES], outputs[tensors.TAIL])
            inputs[tensors.TAIL] = outputs[tensors.TAIL]
            if not len(outputs[tensors.TAIL]):
                return

    def upsample(self, frames: Bytes, width: int, height: int) -> Iterator[Bytes]:
        """Planar 4:2:0 [m,height*3/2,width] of RGB frames [n,h,w,3], a few frames at a time."""
        return self._windows.upsample(frames, width, height)

    def decode_audio(self, latents: Floats) -> Floats:
        """Waveform [S] in [-1, 1] of latents [C,T]."""
        batch = {tensors.LATENTS: latents[None]}
        waveform: Floats = self._ask(tensors.AUDIO_DECODER, batch, tensors.WAVEFORM)[0, 0]
        return waveform

    def _sample(self, model: str, inputs: Arrays) -> Generator[SampleEvent, None, None]:
        for outputs in self._door.stream(model, inputs):
            yield SampleEvent(int(outputs[tensors.STEP][0]), outputs.get(tensors.LATENTS))

    def _ask(self, model: str, inputs: Arrays, output: str) -> Any:
        return self._door.ask(model, inputs, [output])[output]


def _course(order: Order) -> Arrays:
    inputs = {
        tensors.TEXT: order.text,
        tensors.TEXT_MASK: order.text_mask,
        tensors.SEED: np.array([order.seed], dtype=np.int64),
        tensors.STEPS: np.array([order.steps], dtype=np.int32),
        tensors.GUIDANCE: np.array([order.guidance], dtype=np.float32),
        tensors.START_STEP: np.array([order.start_step], dtype=np.int32),
        tensors.SNAPSHOT_EVERY: np.array([order.snapshot_every], dtype=np.int32),
    }
    return inputs if order.latents is None else inputs | {tensors.LATENTS: order.latents}
