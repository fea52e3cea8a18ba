"""Which pixels belong to things: those that are neither ground nor sky nor stand in the sky."""

import numpy as np

from training.measures.distances import dot, from_line, from_mix
from training.measures.look import CELLS, PAPER, Frames
from training.measures.palette import Pixels
from training.measures.pencil import drawn_around
from training.measures.place import FURNITURE, Place
from training.measures.regions import Mask, dilate
from training.measures.shade import dark_holes, gloss, lit_black

# How far (RGB, 0..255) a pixel must be from what its place can look like; PART is that of its own light.
ABOVE, BELOW, PART = 20.0, 8.0, 0.12
# White things are greyer than clouds, and the moon is yellower than they are.
GREYEST, LIGHTEST, MOON = 9.0, 110.0, 22.0
# Light on the ground, as factors of a line's usual colour: shadows are the darkest, tiles the brightest.
DARKEST, BRIGHTEST = 0.44, 1.25
CLEAR = (0.93, 1.07)  # the same of the sky
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
        away = from_line(picture[row:], lines[row:, None], DARKEST, BRIGHTEST)
        if drawn:
            away = np.minimum(away, _from_strokes(picture[row:], lines[row:, None], DARKEST) - STROKE)
        mask[number, row:] = away > BELOW + PART * np.sqrt(dot(picture[row:], picture[row:]))
    if place.sky == "night":
        mask &= ~_moon(frames, place)
    mask |= lit_black(frames, place)
    if place.style == "pencil":
        mask = drawn_around(frames, place, mask)
    for part, row in zip(mask, place.horizon, strict=True):
        _bridge(part, int(row))
    return mask | gloss(frames, place, mask) | dark_holes(frames, place, mask)


def from_place(frames: Frames, place: Place) -> Pixels:
    """How far (RGB) each pixel [F,H,W] is from the usual colour of its line in any light that falls there."""
    away = np.empty(frames.shape[:3], np.float32)
    for number, row in enumerate(place.horizon):
        picture, lines = frames[number].astype(np.float32), place.lines[number][:, None]
        away[number, :row] = from_line(picture[:row], lines[:row], *CLEAR)
        away[number, row:] = from_line(picture[row:], lines[row:], DARKEST, BRIGHTEST)
    return away


def _moon(frames: Frames, place: Place) -> Mask:
    """Mask [F,H,W] of the moon and its soft edge."""
    away = frames.astype(np.float32) - np.array(FURNITURE["night"][1], np.float32)
    moon = np.sqrt(dot(away, away)) < MOON
    cell = frames.shape[1] // CELLS if place.style == "pixelated" else 1
    return dilate(dilate(moon, cell), max(1, cell // 2)) if cell > 1 else dilate(moon)


def _bridge(mask: Mask, row: int) -> None:
    """Closes the lines around the horizon, which are neither ground nor sky, between mask above and below."""
    top, bottom = row - 3, row + 3
    if top >= 0 and bottom < len(mask):
        mask[top + 1 : bottom] |= mask[top] & mask[bottom]


def _above(pixels: Pixels, usual: Pixels, sky: str, drawn: bool) -> Mask:
    """Mask [h,w] of what is not sky; `drawn` says that paper is seen between strokes."""
    away = from_line(pixels, usual, *CLEAR)
    if drawn:
        away = np.minimum(away, _from_strokes(pixels, usual, 0.8) - STROKE)
    # Stars are too small to be things; the moon is left out by its colour.
    for colour in FURNITURE.get(sky, ()) if sky != "night" else ():
        away = np.minimum(away, from_mix(pixels, usual, np.array(colour, np.float32)))
    found: Mask = away > ABOVE
    if sky == "day" and not drawn:
        found |= (np.ptp(pixels, axis=-1) < GREYEST) & (pixels[..., 1] > LIGHTEST)
    return found


def _from_strokes(pixels: Pixels, usual: Pixels, darkest: float) -> Pixels:
    """Distance [h,w] from the usual colour with more or less paper between the strokes, in light or shade."""
    paper = np.array(PAPER, np.float32)
    away = from_mix(pixels, usual, paper)
    full = paper + (usual - paper) * 1.6
    away = np.minimum(away, from_mix(pixels, usual, full))
    dark: Pixels = np.minimum(away, from_line(pixels, usual, darkest, 1.0))
    return np.minimum(dark, from_line(pixels, np.broadcast_to(full, usual.shape), darkest, 1.0))
