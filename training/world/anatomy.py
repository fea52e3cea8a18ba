"""What a figure may be made of. Parts are signed distances in radii, like the shapes."""

from collections.abc import Callable
from typing import Final

import numpy as np

from training.world.boxes import Pixels

BODIES = ("round", "tall", "box", "bell", "drop", "wide")
TOPS = (
    "cone hat", "top hat", "crown", "cat ears", "rabbit ears", "round ears", "antennae", "bobble", "bare",
)  # fmt: skip
EYES = ("one", "two", "visor")
LEGS = ("two legs", "wide feet", "three legs", "none")
PATTERNS = ("plain", "belly", "stripes", "half", "spots", "sash")
# The foot is where a heart's point is, so that the figure stands where physics lets a heart stand.
FOOT_Y: Final = 0.9
REACH: Final = 1.28
NECK: Final = 0.42
LEGLESS_DROP: Final = 0.25

Field = Callable[[Pixels, Pixels], Pixels]


def ellipse(x: Pixels, y: Pixels, wide: float, high: float) -> Pixels:
    """An ellipse with these half axes; near its outline the distance is good to first order."""
    near = np.sqrt((x / np.float32(wide)) ** 2 + (y / np.float32(high)) ** 2)
    slope = np.sqrt((x / np.float32(wide**2)) ** 2 + (y / np.float32(high**2)) ** 2)
    distance: Pixels = near * (near - 1) / np.maximum(slope, np.float32(1e-3))
    return distance


def block(x: Pixels, y: Pixels, wide: float, high: float, corner: float) -> Pixels:
    """A box with these half sides and rounded corners."""
    over_x, over_y = np.abs(x) - np.float32(wide - corner), np.abs(y) - np.float32(high - corner)
    outside = np.sqrt(np.maximum(over_x, 0) ** 2 + np.maximum(over_y, 0) ** 2)
    distance: Pixels = outside + np.minimum(np.maximum(over_x, over_y), 0) - np.float32(corner)
    return distance


def peak(x: Pixels, y: Pixels, wide: float, high: float) -> Pixels:
    """A triangle of half base `wide` on y = 0, its point at `high`."""
    slope = np.hypot(wide, high)
    side = (np.abs(x) * np.float32(high) + (y - np.float32(high)) * np.float32(wide)) / np.float32(slope)
    return np.maximum(side, -y)


def _bell(x: Pixels, y: Pixels) -> Pixels:
    dome = np.maximum(ellipse(x, y + np.float32(0.1), 0.6, 0.62), -y - np.float32(0.1))
    return np.minimum(dome, block(x, y + np.float32(0.36), 0.68, 0.3, 0.12))


def _drop(x: Pixels, y: Pixels) -> Pixels:
    return peak(x, y + np.float32(0.6), 0.62, 1.3) - np.float32(0.08)


BODY: dict[str, Field] = {
    "round": lambda x, y: ellipse(x, y + np.float32(0.06), 0.68, 0.6),
    "tall": lambda x, y: block(x, y + np.float32(0.04), 0.42, 0.64, 0.4),
    "box": lambda x, y: block(x, y + np.float32(0.08), 0.58, 0.58, 0.1),
    "bell": _bell,
    "drop": _drop,
    "wide": lambda x, y: block(x, y + np.float32(0.12), 0.86, 0.5, 0.48),
}


def _crown(x: Pixels, y: Pixels) -> Pixels:
    teeth = np.abs((x / np.float32(0.3) + 0.5) % 1 - np.float32(0.5)) * np.float32(0.62)
    return np.maximum(
        np.abs(x) - np.float32(0.45), np.maximum(-y, y - np.float32(0.22) - teeth) * np.float32(0.7)
    )


def _antennae(x: Pixels, y: Pixels) -> Pixels:
    side = np.abs(x)
    stalk = block(side - np.float32(0.3), y - np.float32(0.25), 0.05, 0.35, 0.04)
    return np.minimum(stalk, ellipse(side - np.float32(0.3), y - np.float32(0.64), 0.15, 0.15))


def _hat(x: Pixels, y: Pixels) -> Pixels:
    return np.minimum(
        block(x, y - np.float32(0.04), 0.58, 0.08, 0.05), block(x, y - np.float32(0.36), 0.34, 0.36, 0.05)
    )


def _bobble(x: Pixels, y: Pixels) -> Pixels:
    cap = np.maximum(ellipse(x, y + np.float32(0.05), 0.5, 0.42), -y)
    return np.minimum(cap, ellipse(x, y - np.float32(0.52), 0.2, 0.2))


# Tops stand on the neck line, y = 0 there; those of BEHIND are painted before the body.
TOP: dict[str, Field] = {
    "cone hat": lambda x, y: peak(x, y, 0.46, 0.82),
    "top hat": _hat,
    "crown": _crown,
    "cat ears": lambda x, y: peak(np.abs(x) - np.float32(0.4), y + np.float32(0.2), 0.26, 0.66),
    "rabbit ears": lambda x, y: ellipse(np.abs(x) - np.float32(0.26), y - np.float32(0.3), 0.16, 0.5),
    "round ears": lambda x, y: ellipse(np.abs(x) - np.float32(0.52), y - np.float32(0.02), 0.3, 0.3),
    "antennae": _antennae,
    "bobble": _bobble,
}
BEHIND = ("cat ears", "rabbit ears", "round ears", "antennae")


def _wide_feet(x: Pixels, y: Pixels) -> Pixels:
    foot = ellipse(np.abs(x) - np.float32(0.4), y + np.float32(0.74), 0.32, 0.16)
    return np.maximum(foot, -y - np.float32(FOOT_Y))


def _rows_of_legs(x: Pixels, y: Pixels) -> Pixels:
    middle = np.abs(x) - np.float32(0.36) * (np.abs(x) > np.float32(0.18))
    return block(middle, y + np.float32(0.65), 0.09, 0.25, 0.06)


LEG: dict[str, Field] = {
    "two legs": lambda x, y: block(np.abs(x) - np.float32(0.28), y + np.float32(0.65), 0.12, 0.25, 0.07),
    "wide feet": _wide_feet,
    "three legs": _rows_of_legs,
}


def _spots(x: Pixels, y: Pixels) -> Pixels:
    near = np.minimum(
        ellipse(np.abs(x) - np.float32(0.34), y + np.float32(0.42), 0.15, 0.15),
        ellipse(x, y + np.float32(0.2), 0.14, 0.14),
    )
    return np.minimum(near, ellipse(np.abs(x) - np.float32(0.52), y - np.float32(0.02), 0.13, 0.13))


def _stripes(x: Pixels, y: Pixels) -> Pixels:
    del x
    wave: Pixels = np.abs((y + np.float32(0.24)) % np.float32(0.3) - np.float32(0.15)) - np.float32(0.075)
    return wave


PATTERN: dict[str, Field] = {
    "belly": lambda x, y: ellipse(x, y + np.float32(0.42), 0.36, 0.32),
    "stripes": _stripes,
    "half": lambda x, y: x + np.float32(0) * y,
    "spots": _spots,
    "sash": lambda x, y: (
        np.abs(x * np.float32(0.7) + y * np.float32(0.7) + np.float32(0.25)) - np.float32(0.14)
    ),
}
