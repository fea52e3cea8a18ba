"""What a film of the small world shows, as data, and how such films are drawn by chance.

World coordinates do not depend on the picture: y runs up from 0 to 1, x runs right from 0 to the aspect ratio
(width / height); one unit is the height of the picture, times are seconds.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np

Split = Literal["train", "heldout"]

SHAPES = ("ball", "square", "triangle", "star", "diamond", "ring", "heart", "cross")
ROUND = ("ball", "ring")
COLOURS = ("red", "green", "blue", "yellow", "orange", "purple", "pink", "white", "black")
SIZES = {"small": 0.078, "medium": 0.112, "large": 0.158}
MOTIONS = (
    "bounce", "roll", "slide", "fall", "rise", "spin", "grow", "shrink", "swing", "hop", "still", "collide",
)  # fmt: skip
MATERIALS: dict[str, tuple[str, ...]] = {
    "floor": ("blue", "green", "grey", "brown", "yellow", "red", "white", "purple", "orange", "pink"),
    "wood": ("brown",),
    "grass": ("green",),
    "sand": ("yellow",),
    "snow": ("white",),
    "stone": ("grey",),
}
SKIES = ("day", "night", "sunset", "overcast", "room")
CAMERAS = (
    "static", "pan left", "pan right", "zoom in", "zoom out", "tilt up", "tilt down", "push in", "pull out",
)  # fmt: skip
STYLES = ("plain", "flat", "outlined", "pixelated", "pencil")
WEATHERS = ("none", "rain", "snow")
MOODS = ("none", "happy", "sad", "tense")
HELDOUT_SHARE = 10
TOP = 1.04


@dataclass(frozen=True)
class Object:
    """One thing in the film.

    `x` is where its centre starts, `lift` how high its foot is above the standing line then, `speed` in units
    or radians per second, `bounce` the coefficient of restitution, `way` -1 to the left, +1 to the right, 0
    neither, and (`left`, `right`) the stretch of x that its centre may use.
    """

    shape: str
    colour: str
    size: str
    motion: str
    radius: float
    x: float
    lift: float = 0.0
    speed: float = 0.0
    bounce: float = 0.0
    way: int = 0
    left: float = 0.0
    right: float = 0.0


@dataclass(frozen=True)
class Ground:
    """What the objects stand on: up to `horizon`, with the objects' feet at height `stand`."""

    material: str
    colour: str
    horizon: float
    stand: float


@dataclass(frozen=True)
class Scene:
    """A whole film: everything that picture, sound and caption are made from.

    `fire` is where a fire burns (its x), or None; `music` its mood, or "none".
    """

    seed: int
    objects: tuple[Object, ...]
    ground: Ground
    sky: str
    camera: str
    fps: int
    frames: int
    aspect: float
    style: str = "plain"
    weather: str = "none"
    fire: float | None = None
    music: str = "none"

    @property
    def duration_s(self) -> float:
        """Length of the film in seconds."""
        return self.frames / self.fps


def stream(seed: int, purpose: int) -> np.random.Generator:
    """An independent generator for one purpose of one film."""
    return np.random.Generator(np.random.PCG64([seed, purpose]))


def is_heldout(colour: str, shape: str, motion: str) -> bool:
    """Whether the combination is kept out of training: about one in ten, by a hash that never changes."""
    return zlib.crc32(f"{colour} {shape} {motion}".encode()) % HELDOUT_SHARE == 0


def can_move(shape: str, motion: str) -> bool:
    """Whether the shape can move like this: round ones roll, the others slide; triangles do not collide."""
    if motion == "roll":
        return shape in ROUND
    if motion == "slide":
        return shape not in ROUND
    return motion != "collide" or shape != "triangle"


def combinations(split: Split) -> Iterator[tuple[str, str, str]]:
    """Every (colour, shape, motion) of the split."""
    for colour, shape, motion in product(COLOURS, SHAPES, MOTIONS):
        if can_move(shape, motion) and is_heldout(colour, shape, motion) == (split == "heldout"):
            yield colour, shape, motion
