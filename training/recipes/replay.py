"""A store of encoded clips on the device: training is faster than encoding and sees each several times."""

from typing import NamedTuple

import torch
from torch import Tensor

from training.recipes.feed import Bucket


class Clips(NamedTuple):
    """Clips that were added together, and the number of the first of them in its bucket."""

    bucket: Bucket
    start: int
    rows: dict[str, Tensor]

    @property
    def end(self) -> int:
        """The number after the last of them."""
        return self.start + count_of(self.rows)


class Replay:
    """For each bucket the newest clips, as rows of tensors, up to `bytes_each`.

    Those added last are also in `fresh`, if someone takes them from there.
    """

    def __init__(self, bytes_each: int, device: str) -> None:
        self.bytes_each, self.device = bytes_each, device
        self.rows: dict[Bucket, dict[str, Tensor]] = {}
        self.seen: dict[Bucket, int] = {}
        self.fresh: list[Clips] | None = None

    def add(self, bucket: Bucket, tensors: dict[str, Tensor]) -> None:
        """Rows of each tensor [n,...]; the oldest give way."""
        if bucket not in self.rows:
            row_bytes = sum(t[0].numel() * t.element_size() for t in tensors.values())
            self.make_room(bucket, max(count_of(tensors), self.bytes_each // row_bytes), tensors)
            self.seen[bucket] = 0
        clips = Clips(bucket, self.seen[bucket], tensors)
        self.put(clips)
        if self.fresh is not None:
            self.fresh.append(clips)
        self.seen[bucket] = clips.end

    def make_room(self, bucket: Bucket, capacity: int, tensors: dict[str, Tensor]) -> None:
        """Room for clips of a bucket whose tensors are like these."""
        self.rows[bucket] = {
            name: torch.empty((capacity, *t.shape[1:]), dtype=t.dtype, device=self.device)
            for name, t in tensors.items()
        }

    def put(self, clips: Clips) -> None:
        """Clips to the places that their numbers give them."""
        for name, tensor in clips.rows.items():
            store = self.rows[clips.bucket][name]
            places = torch.arange(clips.start, clips.start + len(tensor), device=self.device) % len(store)
            store[places] = tensor.to(self.device)

    def capacity(self, bucket: Bucket) -> int:
        """Clips that there is room for in a bucket of the store."""
        return count_of(self.rows[bucket])

    def count(self, bucket: Bucket) -> int:
        """Clips of a bucket in the store."""
        return min(self.seen[bucket], self.capacity(bucket)) if bucket in self.rows else 0

    def draw(self, bucket: Bucket, count: int) -> dict[str, Tensor]:
        """Clips of a bucket by chance: rows [count,...] of each tensor."""
        places = torch.randint(self.count(bucket), (count,), device=self.device)
        return {name: store[places] for name, store in self.rows[bucket].items()}

    @property
    def total(self) -> int:
        """Clips ever added."""
        return sum(self.seen.values())


def count_of(rows: dict[str, Tensor]) -> int:
    """Clips in rows of tensors [n,...]."""
    return len(next(iter(rows.values())))
