"""Steps of an ordinary differential equation x' = field(x, t), on arrays of numpy or torch alike."""

from collections.abc import Callable
from typing import Any, TypeVar

X = TypeVar("X")


def euler(field: Callable[[X, float], X], x: X, start: float, stop: float) -> X:
    """x at ``stop`` from x at ``start`` by one evaluation at the start: first order."""
    return _along(x, stop - start, field(x, start))


def midpoint(field: Callable[[X, float], X], x: X, start: float, stop: float) -> X:
    """x at ``stop`` from x at ``start`` by two evaluations, at the start and half way: second order."""
    middle = (start + stop) / 2
    half = _along(x, middle - start, field(x, start))
    return _along(x, stop - start, field(half, middle))


def _along(x: X, time: float, velocity: X) -> X:
    array: Any = velocity
    moved: X = x + time * array
    return moved
