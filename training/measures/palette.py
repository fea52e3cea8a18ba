"""What the colours are called: distances of pixels from nine paints under light, and from ten grounds."""

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]
PAINTS: dict[str, tuple[int, int, int]] = {
    "red": (226, 44, 44), "green": (40, 172, 68), "blue": (38, 92, 226), "yellow": (250, 212, 40),
    "orange": (248, 132, 24), "purple": (144, 62, 196), "pink": (246, 124, 178), "white": (244, 244, 246),
    "black": (44, 44, 50),
}  # fmt: skip
GROUNDS: dict[str, tuple[int, int, int]] = {
    "blue": (58, 108, 205), "green": (72, 158, 82), "grey": (132, 136, 142), "brown": (146, 98, 60),
    "yellow": (226, 194, 84), "red": (196, 66, 60), "white": (228, 230, 234), "purple": (128, 86, 176),
    "orange": (228, 142, 66), "pink": (232, 150, 178),
}  # fmt: skip
NAMES = tuple(PAINTS)
_DARKEST, _BRIGHTEST, _GLOSSIEST = 0.5, 1.12, 0.6


def paint_distances(pixels: Pixels) -> Pixels:
    """Distances [n,9] of pixels [n,3] from what each paint can look like: in shade, in light, with gloss."""
    away = np.empty((len(pixels), len(NAMES)), np.float32)
    for number, paint in enumerate(PAINTS.values()):
        away[:, number] = _from_paint(pixels, np.array(paint, np.float32))
    return away


def _from_paint(pixels: Pixels, paint: Pixels) -> Pixels:
    """Distance [n] from the nearest s (1 - g) paint + 255 g with s and g within their bounds."""
    # Solved for s' = s (1 - g) and g without bounds, clipped, then s' solved again for the clipped g.
    white = np.full(3, 255, np.float32)
    basis = np.stack([paint, white], 1)
    solved = pixels @ np.linalg.pinv(basis).T.astype(np.float32)
    gloss = np.clip(solved[:, 1], 0, _GLOSSIEST)
    rest = pixels - gloss[:, None] * white
    light = (rest @ paint) / (paint @ paint) / np.maximum(1 - gloss, 0.3)
    light = np.clip(light, _DARKEST, _BRIGHTEST)
    nearest = np.minimum(light[:, None] * paint, 255) * (1 - gloss)[:, None] + gloss[:, None] * white
    away: Pixels = np.sqrt(((pixels - nearest) ** 2).sum(1, dtype=np.float32))
    return away
