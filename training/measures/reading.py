"""All that the detectors see in a film."""

from dataclasses import dataclass

import numpy as np

from training.measures.camera import drift
from training.measures.impacts import Hit, hits
from training.measures.look import CELLS, Frames
from training.measures.motion import Path, meet, motion, path
from training.measures.place import find_place, rough_horizon
from training.measures.things import Thing, find_things
from training.measures.weather import weather

CHURNS = 0.03
# Radius from which on a thing is medium or large, in picture heights.
MEDIUM, LARGE = 0.0935, 0.133
# What grows is last this many times its size, and what shrinks at first.
SWOLLEN = 1.5
HIDDEN = 0.1  # share of the frames


@dataclass(frozen=True)
class Seen:
    """One thing: its names, its way, the direction (-1 left, +1 right), and the share of frames true to it.

    `motion` is empty where too little was seen of it.
    """

    colour: str
    shape: str
    size: str
    motion: str
    way: int
    steady: float
    path: Path


@dataclass(frozen=True)
class Reading:
    """What is seen in a film: place, camera, style and weather by name, things, and hits in order of time."""

    camera: str
    style: str
    sky: str
    ground: str
    weather: str
    fire: bool
    things: tuple[Seen, ...]
    hits: tuple[Hit, ...]

    @property
    def steady(self) -> float | None:
        """The least steady thing's share of frames; None where there is no thing."""
        return min((thing.steady for thing in self.things), default=None)


def read_film(frames: Frames, fps: float) -> Reading:
    """Read a film uint8 [F,H,W,3] RGB of at least two frames. Raises ValueError for another array."""
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3 or len(frames) < 2:
        raise ValueError(f"a film is uint8 [F,H,W,3] with F of 2 or more, not {frames.dtype} {frames.shape}")
    moved = drift(frames, rough_horizon(frames))
    place = find_place(frames, moved)
    found = find_things(frames, place)
    drawn = place.style == "pencil"
    aspect = frames.shape[2] / frames.shape[1]
    grain = 1 / (CELLS if place.style == "pixelated" else frames.shape[1])
    ways = tuple(path(thing, moved, aspect, grain) for thing in found.things)
    motions = [
        motion(way, thing.shape, thing.churn > CHURNS) for way, thing in zip(ways, found.things, strict=True)
    ]
    for one in meet(ways) or ():
        motions[one] = "collide"
    seen = tuple(
        _seen(thing, way, how, len(frames))
        for thing, way, how in zip(found.things, ways, motions, strict=True)
    )
    return Reading(
        camera=moved.camera,
        style=place.style,
        sky=place.sky,
        ground=place.ground,
        # Strokes under a moving camera come and go like flakes.
        weather="none" if drawn and moved.camera != "static" else weather(frames, found.mask, moved),
        fire=found.fire,
        things=seen,
        hits=hits(ways, tuple(motions), fps),
    )


def _largest(way: Path, frames: int) -> float:
    """The largest radius; where the first or last frames do not show all of it, on the line of the others."""
    seen = float(np.quantile(way.radius, 0.97))
    line = np.polyval(np.polyfit(way.frame, way.radius, 1), (0, frames - 1))
    return max(seen, float(line.max())) if frames - len(way.frame) > HIDDEN * frames else seen


def _seen(thing: Thing, way: Path, how: str, frames: int) -> Seen:
    """What a thing of a film of so many frames is."""
    radius = float(np.median(way.radius))
    if how in ("grow", "shrink"):
        radius = _largest(way, frames) / SWOLLEN
    size = "small" if radius < MEDIUM else "medium" if radius < LARGE else "large"
    direction = int(np.sign(way.x[-1] - way.x[0]))
    return Seen(thing.colour, thing.shape, size, how, direction, thing.steady, way)
