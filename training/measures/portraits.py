"""Which of several figures is in a film: the figure's pixels in the film against those of portraits."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.measures.camera import drift
from training.measures.foreground import foreground
from training.measures.look import Frames
from training.measures.place import find_place, rough_horizon
from training.measures.regions import dilate, erode, regions

Pixels = NDArray[np.float32]
CELLS = 24
SHOWN = 12
FEWEST_PIXELS = 150
BEST = 0.35  # part of the frames, the most alike, that count
TURNS = np.linspace(-0.6, 0.6, 9)


def nearest(frames: Frames, portraits: Sequence[NDArray[np.uint8]]) -> int | None:
    """Number of the portrait [h,w,3], on plain paper, whose figure is most like the largest thing of a film.

    None where no thing is seen.
    """
    seen = _seen(frames)
    if not seen:
        return None
    shown = [_portrait(picture) for picture in portraits]
    away = np.array([[_away(one, known) for known in shown] for one in seen])
    best = np.sort(away, axis=0)[: max(1, round(BEST * len(seen)))]
    return int(best.mean(0).argmin())


def _seen(frames: Frames) -> list[Pixels]:
    """The largest thing of up to SHOWN frames, each [CELLS,CELLS,4]: colours 0..1 and cover."""
    moved = drift(frames, rough_horizon(frames))
    place = find_place(frames, moved)
    mask = foreground(frames, place)
    mask &= dilate(erode(mask), 2)
    whole = regions(mask)
    found = []
    for frame in np.unique(np.linspace(0, len(frames) - 1, SHOWN).round().astype(int)):
        here = np.flatnonzero((whole.frame == frame) & (whole.area >= FEWEST_PIXELS))
        here = here[here > 0]
        if here.size:
            n = int(here[whole.area[here].argmax()])
            box = slice(whole.top[n], whole.bottom[n] + 1), slice(whole.left[n], whole.right[n] + 1)
            found.append(_cells(frames[frame][box], (whole.labels[frame] == n)[box]))
    return found


def _portrait(picture: NDArray[np.uint8]) -> Pixels:
    paper = np.median(picture.reshape(-1, 3), axis=0)
    cover = np.abs(picture.astype(np.float32) - paper).sum(-1) > 24
    rows, columns = np.flatnonzero(cover.any(1)), np.flatnonzero(cover.any(0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return _cells(picture[box], cover[box])


def _cells(pixels: NDArray[np.uint8], cover: NDArray[np.bool_]) -> Pixels:
    """A thing in a square of CELLS cells that its longer side fills: the mean of what each cell holds."""
    height, width = cover.shape
    scale = CELLS / max(height, width)
    row = ((np.arange(height) + 0.5 - height / 2) * scale + CELLS / 2).astype(int).clip(0, CELLS - 1)
    column = ((np.arange(width) + 0.5 - width / 2) * scale + CELLS / 2).astype(int).clip(0, CELLS - 1)
    fine = 2 if scale > 1 else 1
    if fine > 1:
        times = int(np.ceil(scale)) + 1
        return _cells(pixels.repeat(times, 0).repeat(times, 1), cover.repeat(times, 0).repeat(times, 1))
    cell = (row[:, None] * CELLS + column).reshape(-1)
    count = np.bincount(cell, minlength=CELLS**2)
    covered = cover.reshape(-1)
    inside = np.bincount(cell, covered, CELLS**2)
    colours = [
        np.bincount(cell, covered * pixels[..., c].reshape(-1), CELLS**2) / np.maximum(inside, 1)
        for c in range(3)
    ]
    held: Pixels = np.stack([*(colour / 255 for colour in colours), inside / np.maximum(count, 1)], -1)
    return held.reshape(CELLS, CELLS, 4).astype(np.float32)


def _away(one: Pixels, two: Pixels) -> float:
    """Distance of two things: of their outlines, of their colours place by place and as amounts."""
    cover = np.minimum(one[..., 3], two[..., 3])
    union = np.maximum(one[..., 3], two[..., 3])
    outline = 1 - float(cover.sum() / max(union.sum(), 1e-6))
    gap = np.abs(one[..., :3] - two[..., :3]).sum(-1)
    colours = float((gap * cover).sum() / max(cover.sum(), 1e-6))
    amounts = float(np.abs(_amounts(one) - _amounts(two)).sum())
    return outline + colours + 0.6 * amounts


def _amounts(cells: Pixels) -> NDArray[np.float64]:
    """Shares of 64 colours among the cells."""
    number = np.minimum((cells[..., :3] * 4).astype(int), 3) @ np.array([16, 4, 1])
    share = np.bincount(number.reshape(-1), cells[..., 3].reshape(-1), 64)
    amounts: NDArray[np.float64] = share / max(share.sum(), 1e-6)
    return amounts
