"""Which pixels belong to things: those that are neither ground nor sky nor stand in the sky."""

import numpy as np

from training.measures.camera import Frames
from training.measures.look import CELLS, PAPER
from training.measures.palette import Pixels
from training.measures.place import FURNITURE, Place
from training.measures.regions import Mask, dilate, erode, regions

# How far (RGB, 0..255) a pixel must be from what its place can look like; PART is that of its own light.
ABOVE, BELOW, PART = 20.0, 8.0, 0.12
# White things are greyer than clouds, and the moon is yellower than they are.
GREYEST, LIGHTEST, MOON = 9.0, 110.0, 22.0
# Light on the ground, as factors of a line's usual colour: shadows are the darkest, tiles the brightest.
DARKEST, BRIGHTEST = 0.44, 1.25
BLANK = 234  # paper
DARK = 0.6
STROKE = 6.0  # what pencil may be off beyond that


def foreground(frames: Frames, place: Place) -> Mask:
    """Mask [F,H,W] of what is neither ground nor sky."""
    count, height, width = frames.shape[:3]
    mask = np.zeros((count, height, width), bool)
    for number in range(count):
        picture, lines = frames[number].astype(np.float32), place.lines[number]
        row = int(place.horizon[number])
        drawn = place.style == "pencil"
        mask[number, :row] = _above(picture[:row], lines[:row, None], place.sky, drawn)
        away = _from_line(picture[row:], lines[row:, None], DARKEST, BRIGHTEST)
        if drawn:
            away = np.minimum(away, _from_strokes(picture[row:], lines[row:, None], DARKEST) - STROKE)
        mask[number, row:] = away > BELOW + PART * np.sqrt(_dot(picture[row:], picture[row:]))
        _bridge(mask[number], row)
    if place.sky == "night":
        mask &= ~_moon(frames, place)
    if place.style == "pencil":
        mask |= _blank(frames, place)
    return mask | _dark_holes(frames, place, mask)


def _blank(frames: Frames, place: Place) -> Mask:
    """Mask [F,H,W] of paper without strokes, more of it than there is between two: white things in pencil."""
    blank = (frames > BLANK).all(-1)
    if place.sky == "day":
        for number, row in enumerate(place.horizon):
            blank[number, : int(row)] = False
    return dilate(erode(blank, 2), 3)


def _dark_holes(frames: Frames, place: Place, mask: Mask) -> Mask:
    """Mask [F,H,W] of what a mask encloses and is darker than any shadow that is seen through a hole."""
    holes = regions(~mask)
    height, width = mask.shape[1:]
    inner = (holes.left > 0) & (holes.top > 0) & (holes.right < width - 1) & (holes.bottom < height - 1)
    inner[0] = False
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


def _moon(frames: Frames, place: Place) -> Mask:
    """Mask [F,H,W] of the moon and its soft edge."""
    away = frames.astype(np.float32) - np.array(FURNITURE["night"][1], np.float32)
    moon = np.sqrt(_dot(away, away)) < MOON
    cell = frames.shape[1] // CELLS if place.style == "pixelated" else 1
    return dilate(dilate(moon, cell), max(1, cell // 2)) if cell > 1 else dilate(moon)


def _bridge(mask: Mask, row: int) -> None:
    """Closes the lines around the horizon, which are neither ground nor sky, between mask above and below."""
    top, bottom = row - 3, row + 3
    if top >= 0 and bottom < len(mask):
        mask[top + 1 : bottom] |= mask[top] & mask[bottom]


def _above(pixels: Pixels, usual: Pixels, sky: str, drawn: bool) -> Mask:
    """Mask [h,w] of what is not sky; `drawn` says that paper is seen between strokes."""
    away = _from_line(pixels, usual, 0.93, 1.07)
    if drawn:
        away = np.minimum(away, _from_strokes(pixels, usual, 0.8) - STROKE)
    # Stars are too small to be things; the moon is left out by its colour.
    for colour in FURNITURE.get(sky, ()) if sky != "night" else ():
        away = np.minimum(away, _from_mix(pixels, usual, np.array(colour, np.float32)))
    found: Mask = away > ABOVE
    if sky == "day" and not drawn:
        found |= (np.ptp(pixels, axis=-1) < GREYEST) & (pixels[..., 1] > LIGHTEST)
    return found


def _from_strokes(pixels: Pixels, usual: Pixels, darkest: float) -> Pixels:
    """Distance [h,w] from the usual colour with more or less paper between the strokes, in light or shade."""
    paper = np.array(PAPER, np.float32)
    away = _from_mix(pixels, usual, paper)
    full = paper + (usual - paper) * 1.6
    away = np.minimum(away, _from_mix(pixels, usual, full))
    dark: Pixels = np.minimum(away, _from_line(pixels, usual, darkest, 1.0))
    return np.minimum(dark, _from_line(pixels, np.broadcast_to(full, usual.shape), darkest, 1.0))


def _dot(one: Pixels, two: Pixels) -> Pixels:
    """Sum over the colours; numpy's own is slow where the last axis is short."""
    total: Pixels = np.einsum("...c,...c->...", one, two)
    return total


def _from_line(pixels: Pixels, usual: Pixels, low: float, high: float) -> Pixels:
    """Distance [h,w] of pixels [h,w,3] from usual [h,1,3] under light between low and high."""
    light = _dot(pixels, usual) / np.maximum(_dot(usual, usual), 1)
    gap = pixels - np.clip(light, low, high)[..., None] * usual
    away: Pixels = np.sqrt(_dot(gap, gap))
    return away


def _from_mix(pixels: Pixels, usual: Pixels, other: Pixels) -> Pixels:
    """Distance [h,w] from the mixtures of the usual colour and another."""
    way = other - usual
    part = _dot(pixels - usual, way) / np.maximum(_dot(way, way), 1)
    gap = pixels - usual - np.clip(part, 0, 1)[..., None] * way
    away: Pixels = np.sqrt(_dot(gap, gap))
    return away
