"""Connected regions of masks, by runs of pixels joined from line to line."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]


@dataclass(frozen=True)
class Regions:
    """Regions of a stack of masks: `labels` [F,H,W] (0 is none), and numbers of each region from 1 on.

    `frame`, `area`, `x`, `y` (centroid, pixels), `left`, `top`, `right`, `bottom` (box with its last pixels).
    Index 0 of each stands for no region.
    """

    labels: Labels
    frame: NDArray[np.int64]
    area: NDArray[np.int64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    left: NDArray[np.int64]
    top: NDArray[np.int64]
    right: NDArray[np.int64]
    bottom: NDArray[np.int64]


def regions(masks: Mask) -> Regions:
    """Regions of masks [F,H,W], each frame by itself, neighbours being the eight around a pixel."""
    count, height, width = masks.shape
    tall = np.zeros((count, height + 1, width + 2), np.int8)
    tall[:, :height, 1:-1] = masks
    edges = np.diff(tall.reshape(-1, width + 2), axis=1)
    line, start = np.nonzero(edges == 1)
    _, stop = np.nonzero(edges == -1)
    root = _joined(line, start, stop)
    _, number = np.unique(root, return_inverse=True)
    return _numbers((count, height, width), line, start, stop, number.reshape(-1) + 1)


def _joined(line: NDArray[np.int64], start: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first run of the region of each run; runs are pixels start..stop-1 of a line."""
    parent = list(range(line.size))

    def find(run: int) -> int:
        while parent[run] != run:
            parent[run] = parent[parent[run]]
            run = parent[run]
        return run

    span = int(stop.max(initial=0)) + 3
    first = np.searchsorted(line * span + stop, (line - 1) * span + start, "left")
    last = np.searchsorted(line * span + start, (line - 1) * span + stop, "right")
    for run in np.flatnonzero(last > first).tolist():
        for above in range(int(first[run]), int(last[run])):
            one, two = find(run), find(above)
            if one != two:
                parent[max(one, two)] = min(one, two)
    return np.array([find(run) for run in range(line.size)], np.int64)


def _numbers(
    shape: tuple[int, int, int],
    line: NDArray[np.int64],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    number: NDArray[np.int64],
) -> Regions:
    count, height, width = shape
    total = int(number.max(initial=0)) + 1
    frame, row = line // (height + 1), line % (height + 1)
    length = stop - start
    labels = np.zeros((count, height, width), np.int32)
    for f, y, a, b, n in zip(
        frame.tolist(), row.tolist(), start.tolist(), stop.tolist(), number, strict=True
    ):
        labels[f, y, a:b] = n
    area = np.bincount(number, length, total)
    safe = np.maximum(area, 1)
    x = np.bincount(number, length * (start + stop - 1) / 2, total) / safe
    y = np.bincount(number, length * row, total) / safe
    box = np.zeros((4, total), np.int64)
    box[:2] = max(height, width)
    np.minimum.at(box[0], number, start)
    np.minimum.at(box[1], number, row)
    np.maximum.at(box[2], number, stop - 1)
    np.maximum.at(box[3], number, row)
    where = np.zeros(total, np.int64)
    where[number] = frame
    return Regions(labels, where, area.astype(np.int64), x, y, *box)


def dilate(masks: Mask, times: int = 1) -> Mask:
    """Masks [F,H,W] grown by their four neighbours."""
    for _ in range(times):
        grown = masks.copy()
        grown[:, 1:] |= masks[:, :-1]
        grown[:, :-1] |= masks[:, 1:]
        grown[:, :, 1:] |= masks[:, :, :-1]
        grown[:, :, :-1] |= masks[:, :, 1:]
        masks = grown
    return masks


def erode(masks: Mask, times: int = 1) -> Mask:
    """Masks [F,H,W] without the pixels that touch the outside; the picture's border is not outside."""
    return ~dilate(~masks, times)
