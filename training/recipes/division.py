"""How a recipe divides its time between training and encoding new clips."""

import time

import torch

from training.recipes.order import Order

FADING = 0.98


class Division:
    """Time spent of late on either, the device's included. Encoding is to have `part` of it."""

    def __init__(self, order: Order, part: float) -> None:
        self.order, self.part = order, part
        self.training_s = self.encoding_s = 1e-3

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
        if self.order.on_gpu:
            torch.cuda.synchronize()
        now = time.monotonic()
        self.training_s, self.encoding_s = FADING * self.training_s, FADING * self.encoding_s
        if encoding:
            self.encoding_s += now - start
        else:
            self.training_s += now - start
        return now
