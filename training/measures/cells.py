"""Films drawn in square cells, as finely as the shares of their cells tell: cells at an edge are mixed."""

import numpy as np
from numpy.typing import NDArray

from training.measures.foreground import ABOVE, from_place
from training.measures.look import CELLS, Frames
from training.measures.place import Place
from training.measures.regions import Mask

Cover = NDArray[np.float32]
HALF = 0.5


def unmixed(frames: Frames, mask: Mask, place: Place) -> tuple[Frames, Mask]:
    """A pixelated film [F,H,W,3] and the mask of its things, with smooth outlines and even colours.

    How far a cell is from its place, against the farthest of its neighbours in the mask, is the share that
    the thing has of it; the outline goes where the shares, joined by straight lines, are a half. In the film
    every cell gets the colour of that neighbour.
    """
    height, width = mask.shape[1:]
    rows, columns = _centres(height, CELLS), _centres(width, round(CELLS * width / height))
    at = np.ix_(np.arange(len(frames)), rows, columns)
    away, inside = from_place(frames, place)[at], mask[at]
    most, best = np.zeros_like(away), np.zeros(away.shape, np.int64)
    near = np.pad(np.where(inside, away, 0), ((0, 0), (1, 1), (1, 1)))
    # Sky and ground measure differently.
    above = np.pad(rows[None] < place.horizon[:, None], ((0, 0), (1, 1)), "edge")[..., None]
    tall, wide = inside.shape[1:]
    steps = [(down, across) for down in range(3) for across in range(3)]
    for number, (down, across) in enumerate(steps):
        same = above[:, down : down + tall] == above[:, 1:-1]
        other = near[:, down : down + tall, across : across + wide] * same
        best[other > most] = number
        most = np.maximum(most, other)
    share = np.where(most > 0, np.minimum(away / np.maximum(most, 1e-6), 1), 0).astype(np.float32)
    # What is in the mask for another reason than its distance has all of its cell.
    share[inside & (away < ABOVE)] = 1
    frame, row, column = np.indices(best.shape, sparse=True)
    offset = np.array(steps)[best] - 1
    row, column = np.clip(row + offset[..., 0], 0, tall - 1), np.clip(column + offset[..., 1], 0, wide - 1)
    even = np.where((most > 0)[..., None], frames[at][frame, row, column], frames[at])
    whole = (np.arange(height) * tall // height, np.arange(width) * wide // width)
    return even[:, whole[0][:, None], whole[1]], _enlarged(share, height, width) > HALF


def _centres(length: int, cells: int) -> NDArray[np.int64]:
    """The pixel in the middle of each cell."""
    middles: NDArray[np.int64] = ((np.arange(cells) + 0.5) * length / cells).astype(np.int64)
    return middles


def _enlarged(share: Cover, height: int, width: int) -> Cover:
    """Shares [F,h,w] joined by straight lines, at every pixel."""
    for axis, length in ((1, height), (2, width)):
        cells = share.shape[axis]
        place = np.clip((np.arange(length) + 0.5) * cells / length - 0.5, 0, cells - 1)
        low = np.minimum(place.astype(np.int64), cells - 2)
        part = (place - low).astype(np.float32).reshape((-1, 1) if axis == 1 else (-1,))
        share = share.take(low, axis) * (1 - part) + share.take(low + 1, axis) * part
    return share
