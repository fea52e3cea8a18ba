"""How weights learn: the schedule of the rate, and the optimizers that have it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from training.recipes.muon import Muon

# Kernels between fewer channels are those to and from pixels.
WIDE = 16


@dataclass(frozen=True)
class Schedule:
    """Learning rate (its peak, and the parts of the run to rise and to fall), average and clipping.

    Weights whose names contain one of `slow` learn at `slow_part` of the rate. With `muon` the matrices of
    transformer blocks have that optimizer, with `muon_kernels` the kernels of convolutions inside a network.
    """

    peak: float
    warmup: float = 0.03
    fall: float = 1.0
    decay: float = 0.999
    clip: float = 1.0
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.99)
    slow: tuple[str, ...] = ()
    slow_part: float = 0.1
    muon: bool = False
    muon_kernels: bool = False

    def rate(self, part: float) -> float:
        """Learning rate when `part` (0..1) of the run is over: a linear rise, then a cosine to 0."""
        if part < self.warmup:
            return self.peak * max(part, 1e-3) / self.warmup
        falling = max(0.0, part - (1.0 - self.fall)) / self.fall
        return self.peak * 0.5 * (1.0 + math.cos(math.pi * min(falling, 1.0)))


def has_muon(schedule: Schedule, name: str, weight: Tensor) -> bool:
    """Whether a weight is a matrix or a kernel that the schedule wants Muon for."""
    if not name.endswith("weight"):
        return False
    if weight.dim() == 4:
        return schedule.muon_kernels and min(weight.shape[:2]) >= WIDE
    return schedule.muon and "blocks." in name and weight.dim() == 2


class Optimizers:
    """AdamW, and Muon where the schedule wants it, over the weights of networks."""

    def __init__(
        self, schedule: Schedule, networks: Iterable[nn.Module], weights: Sequence[Tensor], fused: bool
    ) -> None:
        """`weights` are those of the networks, and others besides."""
        named = {id(w): name for network in networks for name, w in network.named_parameters()}
        matrices, slow, others = [], [], []
        for weight in weights:
            name = named.get(id(weight), "")
            if any(part in name for part in schedule.slow):
                slow.append(weight)
            elif has_muon(schedule, name, weight):
                matrices.append(weight)
            else:
                others.append(weight)
        groups = [{"params": others, "part": 1.0}, {"params": slow, "part": schedule.slow_part}]
        adam = torch.optim.AdamW(
            [group for group in groups if group["params"]],
            lr=schedule.peak,
            betas=schedule.betas,
            fused=fused,
            weight_decay=schedule.weight_decay,
        )
        self.schedule = schedule
        self.all: list[torch.optim.Optimizer] = [adam]
        if matrices:
            self.all.append(Muon(matrices, lr=schedule.peak, weight_decay=schedule.weight_decay))

    @property
    def rate(self) -> float:
        """The rate of the last step."""
        rate: float = self.all[0].param_groups[0]["lr"]
        return rate

    def step(self, part: float) -> None:
        """A step down the gradients when `part` of the run is over."""
        rate = self.schedule.rate(part)
        for optimizer in self.all:
            for group in optimizer.param_groups:
                group["lr"] = group.get("part", 1.0) * rate
            optimizer.step()

    def tensors(self) -> dict[str, Tensor]:
        """Momenta and the like, by optimizer, weight and name."""
        return {
            f"{n}/{weight}/{name}": tensor
            for n, optimizer in enumerate(self.all)
            for weight, state in optimizer.state_dict()["state"].items()
            for name, tensor in state.items()
        }

    def recall(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from such tensors."""
        states: list[dict[int, dict[str, Any]]] = [{} for _ in self.all]
        for key, tensor in tensors.items():
            n, weight, name = key.split("/")
            states[int(n)].setdefault(int(weight), {})[name] = tensor
        for optimizer, state in zip(self.all, states, strict=True):
            optimizer.load_state_dict(optimizer.state_dict() | {"state": state})
