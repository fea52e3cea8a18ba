"""Estimates with their 95 % intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

Z = 1.959964
RESAMPLES = 2000


@dataclass(frozen=True)
class Estimate:
    """A value of `n` observations, and the interval low..high that holds the truth in 95 of 100 cases."""

    value: float
    low: float
    high: float
    n: int


def share(right: int, n: int) -> Estimate:
    """The share of `right` among `n`, with Wilson's interval. Raises ValueError if there are none."""
    if not 0 <= right <= n or n == 0:
        raise ValueError(f"{right} of {n} is no share")
    part = right / n
    middle = (part + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * sqrt(part * (1 - part) / n + Z**2 / (4 * n**2))
    return Estimate(part, max(0.0, middle - half), min(1.0, middle + half), n)


def mean(values: Sequence[float], seed: int = 0) -> Estimate:
    """The mean, with the percentiles of a seeded bootstrap. Raises ValueError if there are no values."""
    if not values:
        raise ValueError("no values have no mean")
    data = np.array(values, np.float64)
    rng = np.random.Generator(np.random.PCG64(seed))
    means = data[rng.integers(0, data.size, (RESAMPLES, data.size))].mean(1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Estimate(float(data.mean()), float(low), float(high), data.size)
