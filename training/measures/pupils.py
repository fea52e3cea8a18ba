"""The networks of the ears while they learn: what `listening` computes, in torch, and how it is written down.

Only this module and `fit` need torch.
"""

import base64
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from training.measures import listening
from training.measures.lessons import Lesson, Rows

HIDDEN = {"hits": 48, "sounds": 32}
KERNELS = {"course": 5, "tune": 3}
MEASURED = 3000  # lessons that scales are taken from
Parts = dict[str, str]


class Scaled(nn.Module):
    """Numbers on the last axis as deviations from those of many examples."""

    def __init__(self, rows: Rows) -> None:
        super().__init__()
        self.mean = torch.from_numpy(rows.mean(0))
        self.spread = torch.from_numpy(rows.std(0) + 1e-3)

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        return ((x - self.mean) / self.spread).clip(-listening.FURTHEST, listening.FURTHEST)

    def parts(self) -> Parts:
        """As `listening` reads it."""
        return {"mean": packed(self.mean.numpy()), "spread": packed(self.spread.numpy())}


class Hits(nn.Module):
    """Numbers of moments [N,56] to logits [N,1]."""

    def __init__(self, rows: Rows) -> None:
        super().__init__()
        self.scaled = Scaled(rows)
        self.first = nn.Linear(rows.shape[1], HIDDEN["hits"])
        self.last = nn.Linear(HIDDEN["hits"], 1)
        self.drop = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits [N,1]."""
        logits: Tensor = self.last(functional.silu(self.first(self.drop(self.scaled(x)))))
        return logits

    def parts(self) -> Parts:
        """As `listening` reads it."""
        return self.scaled.parts() | _linear("in", self.first) | _linear("out", self.last)


class Course(nn.Module):
    """Rows [N,T,C] of a sound's course or tune to mean and maximum over time [N,2*hidden]."""

    def __init__(self, name: str, rows: Rows) -> None:
        super().__init__()
        self.scaled = Scaled(rows)
        width = [rows.shape[1], *(HIDDEN["sounds"] for _ in listening.STEPS[name])]
        self.layers = nn.ModuleList(
            nn.Conv1d(before, after, KERNELS[name], step)
            for (before, after), step in zip(pairwise(width), listening.STEPS[name], strict=True)
        )

    def forward(self, x: Tensor) -> Tensor:
        """[N,2*hidden]."""
        x = self.scaled(x).mT
        for layer in self.layers:
            x = functional.silu(layer(x))
        return torch.cat([x.mean(2), x.amax(2)], 1)

    def parts(self) -> Parts:
        """As `listening` reads it."""
        found = self.scaled.parts()
        for number, layer in enumerate(self.layers):
            found |= _linear(f"layer_{number}", layer)
        return found


class Sounds(nn.Module):
    """Descriptions [N,D], courses and tunes [N,T,C] to logits [N,12] of kinds and moods."""

    def __init__(self, told: list[Lesson]) -> None:
        super().__init__()
        described = np.stack([lesson.description for lesson in told])
        self.scaled = Scaled(described)
        self.first = nn.Linear(described.shape[1], HIDDEN["sounds"])
        self.course = Course(
            "course", np.concatenate([one.course for one in told[:MEASURED]]).astype(np.float32)
        )
        self.tune = Course("tune", np.concatenate([one.tune for one in told[:MEASURED]]).astype(np.float32))
        self.last = nn.Linear(5 * HIDDEN["sounds"], len(listening.KINDS) + len(listening.MOODS))
        self.drop = nn.Dropout(0.1)

    def forward(self, description: Tensor, course: Tensor, tune: Tensor) -> Tensor:
        """Logits [N,12]."""
        hidden = functional.silu(self.first(self.drop(self.scaled(description))))
        logits: Tensor = self.last(self.drop(torch.cat([hidden, self.course(course), self.tune(tune)], 1)))
        return logits

    def parts(self) -> Parts:
        """As `listening` reads the layers of the description and the last."""
        return self.scaled.parts() | _linear("in", self.first) | _linear("out", self.last)


def _linear(name: str, layer: Any) -> Parts:
    return {name: packed(layer.weight.detach().numpy()), f"{name}_bias": packed(layer.bias.detach().numpy())}


def packed(array: NDArray[Any]) -> str:
    """float16 in base64, its shape before a colon."""
    shape = "x".join(map(str, array.shape))
    return f"{shape}:{base64.b64encode(array.astype('<f2').tobytes()).decode()}"
