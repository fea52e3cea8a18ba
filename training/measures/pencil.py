"""Things drawn in pencil: a line of graphite, strokes of their colour inside, paper between the strokes."""

import numpy as np
from numpy.typing import NDArray

from training.measures.distances import from_line
from training.measures.look import PAPER, Frames
from training.measures.palette import Pixels
from training.measures.place import Place
from training.measures.regions import Mask, dilate, erode, regions
from training.measures.shade import enclosed

GRAPHITE, NEAR = (64, 64, 72), 42.0
BLANK = 234  # paper
LIGHTEST = 225  # of a line's lightest strokes: blank paper is not seen beside lighter ones
SPARE = 0.67  # colour in the lightest strokes against the usual ones
WIDEST = 3  # pixels of a line
UNLIKE = 24.0  # RGB, of what a line encloses from the ground or sky around
LARGEST = 0.2  # of the picture
SHADE = 0.62  # of a line's usual light
COVERS = (0.85, 1.0, 1.15)  # strokes in a small hole against those of its line

Colours = NDArray[np.float64]


def drawn_around(frames: Frames, place: Place, mask: Mask) -> Mask:
    """The mask [F,H,W] of coloured strokes, filled between them, with blank paper and the lines around."""
    mask = mask | _blank(frames, place)
    closed = erode(dilate(mask, 2), 2)
    lines = _lines(frames, place)
    closed |= _enclosed(frames, place, closed | lines)
    return closed | (lines & dilate(closed, WIDEST))


def _blank(frames: Frames, place: Place) -> Mask:
    """Mask [F,H,W] of paper without strokes where there should be some: white things."""
    blank: Mask = (frames > BLANK).all(-1)
    paper = np.array(PAPER, np.float32)
    lightest = (paper + (place.lines - paper) * SPARE).min(-1)
    blank &= (lightest < LIGHTEST)[..., None]
    if place.sky == "day":
        for number, row in enumerate(place.horizon):
            blank[number, : int(row)] = False
    return blank


def _lines(frames: Frames, place: Place) -> Mask:
    """Mask [F,H,W] of what looks like graphite, without the horizon."""
    away = frames.astype(np.float32) - np.array(GRAPHITE, np.float32)
    lines: Mask = np.einsum("...c,...c->...", away, away) < NEAR**2
    for number, row in enumerate(place.horizon):
        lines[number, max(int(row) - 2, 0) : int(row) + 3] = False
    return lines


def _enclosed(frames: Frames, place: Place, mask: Mask) -> Mask:
    """Mask [F,H,W] of what the mask encloses and is on the whole unlike its place."""
    holes = regions(~mask)
    inner = enclosed(holes, mask.shape) & (holes.area < LARGEST * mask[0].size)
    chosen = inner[holes.labels]
    number, total = holes.labels[chosen], len(inner)
    frame, row, _ = np.nonzero(chosen)
    area = np.maximum(holes.area, 1)[:, None]
    seen, usual = (
        np.stack([np.bincount(number, part, total) for part in colours.T], 1) / area
        for colours in (frames[chosen].astype(np.float64), place.lines[frame, row].astype(np.float64))
    )
    away = np.min([_from_usual(seen, usual, cover) for cover in COVERS], 0)
    filled: Mask = (inner & (away > UNLIKE))[holes.labels]
    return filled


def _from_usual(seen: Colours, usual: Colours, cover: float) -> Pixels:
    """How far colours [N,3] are from the usual in any light, with so much more or less of the strokes."""
    stroked = np.array(PAPER) + (usual - PAPER) * cover
    away = from_line(seen[:, None].astype(np.float32), stroked[:, None].astype(np.float32), SHADE, 1.1)
    return away[:, 0]
