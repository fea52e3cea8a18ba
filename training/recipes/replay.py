"""A store of encoded clips on the device: training is faster than encoding and sees each several times."""

import torch
from torch import Tensor

from training.recipes.feed import Bucket


class Replay:
    """For each bucket the newest clips, as rows of tensors, up to `bytes_each`."""

    def __init__(self, bytes_each: int, device: str) -> None:
        self.bytes_each, self.device = bytes_each, device
        self.rows: dict[Bucket, dict[str, Tensor]] = {}
        self.seen: dict[Bucket, int] = {}

    def add(self, bucket: Bucket, tensors: dict[str, Tensor]) -> None:
        """Rows of each tensor [n,...]; the oldest give way."""
        if bucket not in self.rows:
            row_bytes = sum(t[0].numel() * t.element_size() for t in tensors.values())
            capacity = max(len(next(iter(tensors.values()))), self.bytes_each // row_bytes)
            self.rows[bucket] = {
                name: torch.empty((capacity, *t.shape[1:]), dtype=t.dtype, device=self.device)
                for name, t in tensors.items()
            }
            self.seen[bucket] = 0
        start = self.seen[bucket]
        for name, tensor in tensors.items():
            store = self.rows[bucket][name]
            places = torch.arange(start, start + len(tensor), device=self.device) % len(store)
            store[places] = tensor
        self.seen[bucket] += len(next(iter(tensors.values())))

    def count(self, bucket: Bucket) -> int:
        """Clips of a bucket in the store."""
        if bucket not in self.rows:
            return 0
        return min(self.seen[bucket], len(next(iter(self.rows[bucket].values()))))

    def draw(self, bucket: Bucket, count: int) -> dict[str, Tensor]:
        """Clips of a bucket by chance: rows [count,...] of each tensor."""
        places = torch.randint(self.count(bucket), (count,), device=self.device)
        return {name: store[places] for name, store in self.rows[bucket].items()}

    @property
    def total(self) -> int:
        """Clips ever added."""
        return sum(self.seen.values())
