"""Flow matching (paper, section 3.1.2): time 0 is noise, 1 is data."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor

SMALLEST = 1e-5
Field = Callable[[Tensor, float], Tensor]


def times(count: int, device: torch.device | str, middle: float = 0.0, width: float = 1.0) -> Tensor:
    """Times [count] in (0, 1), logit-normal(0, 1) or as given."""
    return torch.sigmoid(middle + width * torch.randn(count, device=device))


def at(time: Tensor, data: Tensor, noise: Tensor) -> Tensor:
    """The point [B,...] at time [B] of the path from noise to data."""
    t = time.reshape(-1, *[1] * (data.dim() - 1))
    return t * data + (1.0 - (1.0 - SMALLEST) * t) * noise


def velocity(data: Tensor, noise: Tensor) -> Tensor:
    """The velocity along the path, the same at all times."""
    return data - (1.0 - SMALLEST) * noise


def integrate(field: Field, noise: Tensor, schedule: Sequence[float]) -> Tensor:
    """Data from noise by Euler steps over a schedule of times."""
    x = noise
    for start, stop in pairwise(schedule):
        x = x + (stop - start) * field(x, start)
    return x


def twice(x: Tensor) -> Tensor:
    """A batch [B,...] under itself [2B,...]: for the branch without text and the one with it."""
    return torch.cat([x, x])


def guided(velocities: Tensor, scale: float) -> Tensor:
    """One velocity [B,...] of those [2B,...] without and with text."""
    without, with_text = velocities.chunk(2)
    return without + scale * (with_text - without)
