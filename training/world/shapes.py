"""The shapes as signed distances: negative inside, in units of the shape's radius, exact near the outline.

Each takes x (right) and y (up) of points around the shape's centre, in radii, and returns an array like them.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
BOUND = 1.18
FOOT = {
    "ball": 1.0, "square": 0.84, "triangle": 0.58, "star": 0.91, "diamond": 1.05, "ring": 1.0, "heart": 0.9,
    "cross": 0.95,
}  # fmt: skip
SIDE = {
    "ball": 1.0, "square": 0.84, "triangle": 1.0, "star": 1.07, "diamond": 0.8, "ring": 1.0, "heart": 0.98,
    "cross": 0.95,
}  # fmt: skip


def ball(x: Field, y: Field) -> Field:
    """A disc of radius 1."""
    distance: Field = np.sqrt(x * x + y * y) - np.float32(1)
    return distance


def box(x: Field, y: Field, half: float, corner: float) -> Field:
    """A square with rounded corners."""
    over_x, over_y = np.abs(x) - (half - corner), np.abs(y) - (half - corner)
    outside = np.sqrt(np.maximum(over_x, 0) ** 2 + np.maximum(over_y, 0) ** 2)
    distance: Field = outside + np.minimum(np.maximum(over_x, over_y), 0) - np.float32(corner)
    return distance


def square(x: Field, y: Field) -> Field:
    """A square of half side 0.84, its corners rounded."""
    return box(x, y, 0.84, 0.12)


def triangle(x: Field, y: Field) -> Field:
    """An equilateral triangle, point up, standing on its base."""
    side = np.abs(x) * np.float32(0.8660254) + y * np.float32(0.5)
    return np.maximum(side, -y) - np.float32(0.58)


def star(x: Field, y: Field) -> Field:
    """A star of five points, one up."""
    sector = np.float32(2 * np.pi / 5)
    angle = np.arctan2(x, y)
    angle = np.abs(angle - sector * np.rint(angle / sector))
    rho = np.sqrt(x * x + y * y)
    tip, dent = 1.125, 0.52
    inner_x, inner_y = dent * np.cos(np.pi / 5), dent * np.sin(np.pi / 5)
    norm = np.hypot(tip - inner_x, inner_y)
    normal_x, normal_y = np.float32(inner_y / norm), np.float32((tip - inner_x) / norm)
    distance: Field = (rho * np.cos(angle) - np.float32(tip)) * normal_x + rho * np.sin(angle) * normal_y
    return distance


def diamond(x: Field, y: Field) -> Field:
    """A rhombus, higher than wide."""
    wide, high = 0.8, 1.05
    slope = np.hypot(wide, high)
    return (
        np.abs(x) * np.float32(high / slope)
        + np.abs(y) * np.float32(wide / slope)
        - np.float32(wide * high / slope)
    )


def ring(x: Field, y: Field) -> Field:
    """A ring with a wide hole."""
    distance: Field = np.abs(np.sqrt(x * x + y * y) - np.float32(0.74)) - np.float32(0.26)
    return distance


def heart(x: Field, y: Field) -> Field:
    """A square on its corner with a half disc on each upper side."""
    half, tilt = np.float32(0.575), np.float32(0.70710678)
    x, y = np.abs(x), y + np.float32(0.087)
    body = np.maximum(np.abs(x + y), np.abs(x - y)) * tilt - half
    lobe_x, lobe_y = x - half * tilt, y - half * tilt
    return np.minimum(body, np.sqrt(lobe_x * lobe_x + lobe_y * lobe_y) - half)


def cross(x: Field, y: Field) -> Field:
    """An upright cross with arms of equal length."""
    x, y = np.abs(x), np.abs(y)
    return np.maximum(np.maximum(x, y) - np.float32(0.95), np.minimum(x, y) - np.float32(0.34))


SHAPE: dict[str, Callable[[Field, Field], Field]] = {
    "ball": ball, "square": square, "triangle": triangle, "star": star, "diamond": diamond, "ring": ring,
    "heart": heart, "cross": cross,
}  # fmt: skip
