"""How a thing moves, by its way through the film: which of twelve motions fits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.measures.camera import Drift
from training.measures.things import Thing
from training.world.scene import ROUND

Line = NDArray[np.float64]
FEWEST_FRAMES = 5
STANDS = (
    0.02  # what moves no further (picture heights) stays where it is; under a moving camera somewhat more
)
LEVEL = 0.018  # what rises and falls no more than this goes along the ground
SWELLS = 0.45  # logarithm of the size that grows or shrinks
ODD = 0.12  # logarithm of the size that is not believed
TURNS = 0.5  # radians


@dataclass(frozen=True)
class Path:
    """A thing's way as if the camera stood still and took in the widest view.

    `frame` [n] numbers, `x` and `y` (up) of the centre and `radius` in picture heights, `angle` in radians.
    """

    frame: NDArray[np.int64]
    x: Line
    y: Line
    radius: Line
    angle: Line
    slack: float
    """How far what stands still may seem to have moved."""
    grain: float = 0.0
    """Size of the picture's elements: places are known to a part of one."""


def path(thing: Thing, moved: Drift, aspect: float, grain: float) -> Path:
    """The way of a thing in a picture of width / height `aspect`, its elements of the size `grain`."""
    frame = thing.frames[thing.whole[thing.frames]]
    if len(frame) < FEWEST_FRAMES:
        frame = thing.frames
    frame = frame[_usual(thing.radius[frame])]
    zoom = moved.zoom[frame]
    x = (thing.x[frame] - aspect / 2 - moved.x[frame]) / zoom
    y = (thing.y[frame] - 0.5 - moved.y[frame]) / zoom
    widest = float(moved.zoom.min())
    slack = max(STANDS, grain) + 0.1 * float(np.hypot(moved.x[-1], moved.y[-1]))
    slack += 0.04 * float(np.log(moved.zoom.max() / moved.zoom.min()))
    radius = thing.radius[frame] / zoom * widest
    return Path(frame, x * widest, -y * widest, radius, thing.angle[frame], slack, grain)


def _usual(radius: Line) -> NDArray[np.bool_]:
    """Where the size is about that of the frames around: what touches the thing enlarges it for a moment."""
    around = np.stack([np.roll(np.pad(radius, 3, "edge"), k)[3:-3] for k in range(-3, 4)])
    usual: NDArray[np.bool_] = np.abs(np.log(radius / np.median(around, axis=0))) < ODD
    return usual


def motion(way: Path, shape: str, turning: bool) -> str:
    """The motion of one thing; `turning` says that its inside turns. Empty where too little was seen."""
    if len(way.frame) < FEWEST_FRAMES:
        return ""
    third = max(2, len(way.frame) // 6)
    swell = float(np.log(np.median(way.radius[-third:]) / np.median(way.radius[:third])))
    if abs(swell) > SWELLS:
        return "grow" if swell > 0 else "shrink"
    across, up = float(np.ptp(way.x)), float(np.ptp(way.y))
    if max(across, up) < way.slack:
        turned = turning if shape in ROUND else float(np.ptp(way.angle)) > TURNS
        return "spin" if turned else "still"
    if _hangs(way, across, up):
        return "swing"
    if up < LEVEL:
        return "roll" if shape in ROUND else "slide"
    return _up_and_down(way, up)


def _hangs(way: Path, across: float, up: float) -> bool:
    """Whether the way lies on a bowl: height grows with the square of the distance from its middle."""
    if across < 0.06 or up > 1.2 * across:
        return False
    bowl, _, _ = np.polyfit(way.x, way.y, 2)
    left = way.y - np.polyval(np.polyfit(way.x, way.y, 2), way.x)
    explained = 1 - float(left.var() / max(way.y.var(), 1e-12))
    if up < 2 * way.grain and float(left.std()) < 0.3 * way.grain:
        # Too flat for its curve to be seen.
        return _returns(way.x, across)
    # A length of string between a quarter and twice the picture's height.
    return 0.25 < bowl < 3.0 and (explained > 0.85 or float(left.std()) < 0.003) and _returns(way.x, across)


def _returns(x: Line, across: float) -> bool:
    """Whether it comes back by much of its way, which nothing on the ground does."""
    gone = np.abs(np.diff(x)).sum()
    return bool(gone > 1.25 * across)


def _up_and_down(way: Path, up: float) -> str:
    lowest = float(way.y.min())
    start, end = float(way.y[0]) - lowest, float(way.y[-1]) - lowest
    back = float(-np.minimum(np.diff(way.y), 0).sum())
    if start < 0.3 * up and end > 0.6 * up and back < 0.2 * up:
        return "rise"
    if start < 0.25 * up:
        return "hop"
    down = np.flatnonzero(way.y - lowest < 0.12 * up)
    again = float(way.y[down[0] :].max()) - lowest if len(down) else 0.0
    return "fall" if again < 0.42 * start else "bounce"


def meet(ways: tuple[Path, ...]) -> tuple[int, int] | None:
    """Numbers of two things that go towards each other along the ground, touch and part; None if none do."""
    for one in range(len(ways)):
        for two in range(len(ways)):
            if one != two and _collide(ways[one], ways[two]):
                return one, two
    return None


def _collide(left: Path, right: Path) -> bool:
    shared, at_left, at_right = np.intersect1d(left.frame, right.frame, return_indices=True)
    if len(shared) < FEWEST_FRAMES:
        return False
    a, b = left.x[at_left], right.x[at_right]
    gap = b - a
    reach = float(np.median(left.radius) + np.median(right.radius))
    closest = int(gap.argmin())
    if gap[0] <= 0 or gap[0] - gap[closest] < 0.15 or gap[closest] > 1.35 * reach or closest < 2:
        return False
    level = max(float(np.ptp(left.y)), float(np.ptp(right.y))) < 2 * LEVEL
    half = max(1, closest // 2)
    return level and a[half] > a[0] + 0.01 and b[half] < b[0] - 0.01
