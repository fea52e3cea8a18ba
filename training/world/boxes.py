"""Drawing things only where they are: boxes of pixels around them, in many frames at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.world.view import Canvas, Line

Frames = NDArray[np.uint8]
Pixels = NDArray[np.float32]
BATCH_PIXELS = 40_000


@dataclass(frozen=True)
class Box:
    """The same number of pixels in several frames: upper left corners [N], one size, and the grid in the box.

    `x` [N,w] and `y` [N,h] are the pixels' centres relative to the thing's centre, in its radii, y up.
    """

    frames: NDArray[np.int64]
    top: NDArray[np.int64]
    left: NDArray[np.int64]
    x: Pixels
    y: Pixels


def boxes(canvas: Canvas, column: Line, row: Line, reach: Line) -> Iterator[Box]:
    """Boxes around (column, row) [N], a batch of frames at a time, those out of sight left out.

    reach [N,4] holds half width, half height, columns per radius and rows per radius.
    """
    high = min(canvas.height, 2 * int(np.ceil(reach[:, 1].max())) + 2)
    wide = min(canvas.width, 2 * int(np.ceil(reach[:, 0].max())) + 2)
    left, top = _corner(column, wide, canvas.width), _corner(row, high, canvas.height)
    seen = (left < canvas.width) & (left + wide > 0) & (top < canvas.height) & (top + high > 0)
    frames = np.flatnonzero(seen)
    batch = max(1, BATCH_PIXELS // (high * wide))
    for start in range(0, frames.size, batch):
        part = frames[start : start + batch]
        x = left[part, None] + np.arange(wide) + 0.5 - column[part, None]
        y = row[part, None] - (top[part, None] + np.arange(high) + 0.5)
        x, y = x / reach[part, 2:3], y / reach[part, 3:4]
        yield Box(part, top[part], left[part], x.astype(np.float32), y.astype(np.float32))


def lay(film: Frames, box: Box, colour: Pixels, cover: Pixels) -> None:
    """Lays colour [N,h,w,3] or [3] over the film where cover [N,h,w] says how much."""
    height, width = film.shape[1:3]
    high, wide = cover.shape[1:]
    shared = colour.ndim == 1
    for index, frame in enumerate(box.frames):
        top, left = int(box.top[index]), int(box.left[index])
        rows = slice(max(top, 0), min(top + high, height))
        columns = slice(max(left, 0), min(left + wide, width))
        part = (slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left))
        under = film[frame, rows, columns].astype(np.float32)
        over = colour if shared else colour[index][part]
        under += (over - under) * cover[index][part][..., None]
        film[frame, rows, columns] = np.rint(under, out=under).astype(np.uint8)


def _corner(centre: Line, length: int, whole: int) -> NDArray[np.int64]:
    """First pixel of a stretch around the centre; a stretch as long as the picture is the picture."""
    if length == whole:
        return np.zeros(centre.size, np.int64)
    return np.floor(centre).astype(np.int64) - length // 2
