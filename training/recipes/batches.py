"""Batches of tensors from a feed: collected by a thread, in pinned memory where a GPU will fetch them."""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import torch
from torch import Tensor

from training.recipes.feed import Bucket, Feed, Place

BEGINNING = Place()


@dataclass
class Batch:
    """Stacked arrays of samples of one bucket, their texts and numbers.

    `place` is where a stream has to go on that this batch and all before it are to be left out of.
    """

    bucket: Bucket
    tensors: dict[str, Tensor]
    texts: list[tuple[str, ...]]
    numbers: list[int] = field(default_factory=list)
    place: Place = BEGINNING

    def to(self, device: str) -> dict[str, Tensor]:
        """The tensors on a device."""
        return {name: tensor.to(device, non_blocking=True) for name, tensor in self.tensors.items()}


class Batches:
    """Takes samples from a feed until a bucket has enough of them; works `depth` batches ahead.

    `waited_s` are the seconds that it was waited for in all, from the second batch on: before the first one
    render processes start.
    """

    def __init__(self, feed: Feed, size: Callable[[Bucket], int], pinned: bool, depth: int = 3) -> None:
        self.feed, self.size, self.pinned = feed, size, pinned
        self.partial: dict[Bucket, Batch] = {}
        self.place = feed.place
        self.closing = False
        self.given, self.waited_s = 0, 0.0
        self.thread = ThreadPoolExecutor(1)
        self.coming: deque[Future[Batch]] = deque(self.thread.submit(self._collect) for _ in range(depth))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing = True
        self.thread.shutdown(cancel_futures=True)

    @property
    def ready(self) -> bool:
        """Whether the next batch is there already."""
        return self.coming[0].done()

    def next(self) -> Batch:
        """The next batch; what went wrong in the thread is raised here."""
        start = time.monotonic()
        batch = self.coming.popleft().result()
        self.waited_s += time.monotonic() - start if self.given else 0.0
        self.given += 1
        self.coming.append(self.thread.submit(self._collect))
        self.place = batch.place
        return batch

    def _collect(self) -> Batch:
        while True:
            if self.closing:
                raise InterruptedError("no more batches are wanted")
            with self.feed.take() as sample:
                count = self.size(sample.bucket)
                batch = self.partial.get(sample.bucket)
                if batch is None:
                    batch = Batch(sample.bucket, {}, [])
                    self.partial[sample.bucket] = batch
                for name, array in sample.arrays.items():
                    source = torch.from_numpy(array)
                    if name not in batch.tensors:
                        shape = (count, *source.shape)
                        batch.tensors[name] = torch.empty(shape, dtype=source.dtype, pin_memory=self.pinned)
                    batch.tensors[name][len(batch.texts)].copy_(source)
                batch.texts.append(sample.texts)
                batch.numbers.append(sample.number)
            if len(batch.texts) == count:
                del self.partial[batch.bucket]
                batch.place = self._place()
                return batch

    def _place(self) -> Place:
        """Batches that are not full yet are begun again."""
        begun = sorted(number for batch in self.partial.values() for number in batch.numbers)
        left = self.feed.place
        return Place((*begun, *left.again), left.next)


def to_signal(pixels: Tensor) -> Tensor:
    """Bytes [...] to float32 in [-1, 1]."""
    return pixels.float() / 127.5 - 1.0


def to_video(pixels: Tensor) -> Tensor:
    """Bytes [B,F,H,W,3] to float32 [B,3,F,H,W] in [-1, 1]."""
    return to_signal(pixels.permute(0, 4, 1, 2, 3))


def to_pixels(frames: Tensor) -> Tensor:
    """Frames [...,3,H,W] in [-1, 1] to bytes [...,H,W,3] on the CPU."""
    bytes_ = ((frames.float().clamp(-1, 1) + 1.0) * 127.5).round().to(torch.uint8)
    return bytes_.movedim(-3, -1).cpu()
