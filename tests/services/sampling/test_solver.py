import itertools
from collections.abc import Callable

import numpy as np
import pytest

from services.sampling.schedule import linear
from services.sampling.solver import euler, midpoint


def error(solver: Callable[..., np.ndarray], steps: int) -> float:
    """Of x' = x cos t from 1, whose solution is exp(sin t)."""
    x, times = np.ones(3), linear(steps)
    for start, stop in itertools.pairwise(times):
        x = solver(lambda x, t: x * np.cos(t), x, start, stop)
    return float(abs(x - np.exp(np.sin(1))).max())


@pytest.mark.parametrize(("solver", "order"), [(euler, 1), (midpoint, 2)])
def test_error_falls_with_the_order_of_the_solver(solver: Callable[..., np.ndarray], order: int) -> None:
    assert error(solver, 100) / error(solver, 200) == pytest.approx(2**order, rel=0.1)


@pytest.mark.parametrize("solver", [euler, midpoint])
def test_float32_stays_float32(solver: Callable[..., np.ndarray]) -> None:
    assert solver(lambda x, _: x, np.ones(2, np.float32), 0.0, 0.1).dtype == np.float32
