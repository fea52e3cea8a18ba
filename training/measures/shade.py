"""Black things against shadows, and what shines or is dark within a mask."""

import numpy as np
from numpy.typing import NDArray

from training.measures.look import Frames
from training.measures.place import Place
from training.measures.regions import Mask, Regions, regions

DARK = 0.6
SHADED, BLACK = 0.85, 0.42  # of a line's usual light
GLOSSY = 24  # times a gloss goes into the picture's height
GREY = 30.0  # most that the colours of what is black differ
SMALL_HOLE = 0.13  # of what is around it


def lit_black(frames: Frames, place: Place) -> Mask:
    """Mask [F,H,W] of what is as dark as a shadow, but stands upon what is darker than any: a black thing."""
    light = frames.astype(np.float32).sum(-1)
    usual = place.lines.sum(-1)[..., None]
    shade, black = light < SHADED * usual, light < BLACK * usual
    found: Mask = np.zeros(black.shape, bool)
    most = black.shape[1] // GLOSSY
    since = np.full(black[:, 0].shape, most)
    for row in range(black.shape[1] - 1, -1, -1):
        found[:, row] = black[:, row] | (shade[:, row] & (since < most))
        since = np.where(found[:, row], 0, since + 1)
    return found


def enclosed(holes: Regions, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which regions of what is no mask [F,H,W] do not touch the picture's border."""
    height, width = shape[1:]
    inner: NDArray[np.bool_] = (holes.left > 0) & (holes.top > 0)
    inner &= (holes.right < width - 1) & (holes.bottom < height - 1)
    inner[0] = False
    return inner


def gloss(frames: Frames, place: Place, mask: Mask) -> Mask:
    """Mask [F,H,W] of what shines on black things: holes of a mask that are too small for a ring's."""
    holes, whole = regions(~mask), regions(mask)
    total = len(whole.area)
    frame, row, _ = np.nonzero(mask)
    number = whole.labels[mask]
    pixels = frames[mask].astype(np.float64)
    light, usual = pixels.sum(-1), place.lines[frame, row].sum(-1)
    black = np.bincount(number, light, total) < DARK * np.bincount(number, usual, total)
    black &= np.bincount(number, np.ptp(pixels, axis=-1), total) < GREY * whole.area
    filled = enclosed(holes, mask.shape)
    for n in np.flatnonzero(filled):
        above = whole.labels[holes.frame[n], holes.top[n] - 1, holes.left[n] : holes.right[n] + 1].max()
        filled[n] = black[above] and holes.area[n] < SMALL_HOLE * whole.area[above]
    chosen: Mask = filled[holes.labels]
    return chosen


def dark_holes(frames: Frames, place: Place, mask: Mask) -> Mask:
    """Mask [F,H,W] of what a mask encloses and is darker than any shadow that is seen through a hole."""
    holes = regions(~mask)
    inner = enclosed(holes, mask.shape)
    if not inner.any():
        return np.zeros_like(mask)
    chosen = inner[holes.labels]
    number = holes.labels[chosen]
    light = frames[chosen].sum(-1, dtype=np.float64)
    frame, row, _ = np.nonzero(chosen)
    usual = place.lines[frame, row].sum(-1)
    total = len(inner)
    dark = np.bincount(number, light, total) < DARK * np.bincount(number, usual, total)
    filled: Mask = (inner & dark)[holes.labels]
    return filled
