"""Which of the eight shapes a mask is, and how it is turned: overlap with every shape at every angle."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from training.world.shapes import SHAPE

Stack = NDArray[np.float32]
NAMES = tuple(SHAPE)
CELLS = 36
REACH = 1.3  # half width of the grid, in square roots of the area
ANGLES = 60
# The angle after which a shape looks the same.
PERIOD = {
    "ball": 0.0, "square": np.pi / 2, "triangle": 2 * np.pi / 3, "star": 2 * np.pi / 5, "diamond": np.pi,
    "ring": 0.0, "heart": 2 * np.pi, "cross": np.pi / 2,
}  # fmt: skip


@dataclass(frozen=True)
class Fits:
    """Overlap [N,8] (intersection over union) of each mask with each shape at its best angle, and that angle.

    Angles are radians counterclockwise, 0 upright, within the shape's period; round shapes have none (0).
    """

    overlap: Stack
    angle: Stack


@cache
def _templates() -> tuple[Stack, NDArray[np.int64], Stack]:
    """Cover [CELLS^2, M] of all turned shapes, the shape's number and the angle of each."""
    covers, numbers, angles = [], [], []
    fine = 4
    line = (np.arange(CELLS * fine, dtype=np.float32) + 0.5) / (CELLS * fine) * 2 - 1
    for number, name in enumerate(NAMES):
        area, centre = _measured(name)
        count = 1 if PERIOD[name] == 0 else max(8, round(ANGLES * PERIOD[name] / (2 * np.pi)))
        for index in range(count):
            angle = PERIOD[name] * index / count
            x, y = np.meshgrid(line, -line)
            scale = np.float32(REACH * np.sqrt(area))
            x, y = x * scale, y * scale
            cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
            inside = SHAPE[name](cos * x + sin * y + centre[0], cos * y - sin * x + centre[1]) < 0
            cover = inside.reshape(CELLS, fine, CELLS, fine).mean((1, 3), dtype=np.float32)
            covers.append(cover.reshape(-1))
            numbers.append(number)
            angles.append(angle)
    return np.stack(covers, 1), np.array(numbers), np.array(angles, np.float32)


@cache
def _measured(name: str) -> tuple[float, tuple[np.float32, np.float32]]:
    """Area and centroid of a shape in its radii."""
    line = np.linspace(-1.3, 1.3, 521, dtype=np.float32)
    x, y = np.meshgrid(line, line)
    inside = SHAPE[name](x, y) < 0
    area = float(inside.mean()) * 2.6**2
    return area, (np.float32(x[inside].mean()), np.float32(y[inside].mean()))


def area_of(name: str) -> float:
    """Area of the shape of radius 1."""
    return _measured(name)[0]


def centre_of(name: str, angle: Stack) -> tuple[Stack, Stack]:
    """Where the centroid of the shape turned by angles [N] lies from its centre: right and up, in radii."""
    x, y = _measured(name)[1]
    return np.cos(angle) * x - np.sin(angle) * y, np.sin(angle) * x + np.cos(angle) * y


def crop(mask: NDArray[np.bool_], x: float, y: float, area: float) -> Stack:
    """Cover [CELLS^2] of a mask [H,W] around its centroid, enlarged to the templates' size."""
    height, width = mask.shape
    scale = REACH * np.sqrt(area)
    line = (np.arange(CELLS * 2, dtype=np.float32) + 0.5) / CELLS - 1
    column, row = x + line * scale, y + line * scale
    left, top = np.floor(column).astype(int), np.floor(row).astype(int)
    part_x, part_y = column - left, (row - top)[:, None]
    pad = np.zeros((height + 2, width + 2), np.float32)
    pad[1:-1, 1:-1] = mask
    left, top = np.clip(left + 1, 0, width), np.clip(top + 1, 0, height)
    lines = pad[top] * (1 - part_y) + pad[top + 1] * part_y
    soft = lines[:, left] * (1 - part_x) + lines[:, left + 1] * part_x
    cover: Stack = soft.reshape(CELLS, 2, CELLS, 2).mean((1, 3)).reshape(-1)
    return cover


def fit(covers: Stack) -> Fits:
    """How well covers [N, CELLS^2] overlap with each shape."""
    templates, numbers, angles = _templates()
    shared = covers @ templates
    # Soft covers share a little less than they have, so each is measured against what it shares with itself.
    own, theirs = (covers**2).sum(1)[:, None], (templates**2).sum(0)[None]
    overlap = shared / np.maximum(own + theirs - shared, 1e-6)
    best = np.zeros((len(covers), len(NAMES)), np.float32)
    turned = np.zeros_like(best)
    for number in range(len(NAMES)):
        columns = np.flatnonzero(numbers == number)
        chosen = overlap[:, columns].argmax(1)
        best[:, number] = overlap[np.arange(len(covers)), columns[chosen]]
        turned[:, number] = angles[columns[chosen]]
    return Fits(best, turned)
