"""How a recipe divides its work between training and encoding new clips."""

import time

import torch

from training.recipes.order import Order
from training.recipes.pace import Pace

FADING = 0.98


class Division:
    """Time spent of late on either, the device's included. By the clock, encoding is to have `part` of it.

    A run of so many steps encodes `clips` for each of them, however long that takes.
    """

    def __init__(self, order: Order, pace: Pace, part: float, clips: float) -> None:
        self.order, self.pace, self.part, self.clips = order, pace, part, clips
        self.training_s = self.encoding_s = 1e-3

    def due(self, clips: int, ready: bool) -> bool:
        """Whether to encode after this step: `clips` were encoded so far, others are ready (or not)."""
        return self.pace.encodes(self.behind and ready, clips < self.clips * self.pace.step)

    def trained(self, start: float) -> float:
        """Count the time since start as training; the time now."""
        return self._count(start, encoding=False)

    def encoded(self, start: float) -> float:
        """Count the time since start as encoding; the time now."""
        return self._count(start, encoding=True)

    @property
    def behind(self) -> bool:
        """Whether encoding has had less than its part."""
        return self.encoding_s < self.part * (self.training_s + self.encoding_s)

    def _count(self, start: float, encoding: bool) -> float:
        if self.order.on_gpu and self.order.by_clock:
            torch.cuda.synchronize()
        now = time.monotonic()
        self.training_s, self.encoding_s = FADING * self.training_s, FADING * self.encoding_s
        if encoding:
            self.encoding_s += now - start
        else:
            self.training_s += now - start
        return now
