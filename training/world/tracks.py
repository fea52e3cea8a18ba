"""Ways through a film: pieces of constant acceleration, and what is known of them at any time."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.world.scene import ROUND, Object, Scene
from training.world.shapes import FOOT

Times = NDArray[np.float64]
GRAVITY = 4.0
HARDEST = 2.0


@dataclass(frozen=True)
class Impact:
    """A hit at `time_s` on object number `index`; `strength` in 0..1; `on` is ground, wall or object."""

    time_s: float
    strength: float
    index: int
    on: str


@dataclass(frozen=True)
class State:
    """Centre, angle (radians, counterclockwise), scale and speed of one object at each asked time [N]."""

    x: Times
    y: Times
    angle: Times
    scale: Times
    speed: Times


@dataclass(frozen=True)
class Track:
    """One object's way through the film."""

    at: Callable[[Times], State]
    impacts: tuple[Impact, ...] = ()


@dataclass(frozen=True)
class Arc:
    """Constant acceleration from `start` on; y is the height of the foot above the standing line."""

    start: float
    x: float
    y: float
    vx: float = 0.0
    vy: float = 0.0
    ax: float = 0.0
    ay: float = 0.0

    def after(self, time_s: float) -> tuple[float, float, float, float]:
        """x, y, vx, vy, `time_s` after the start."""
        x = self.x + self.vx * time_s + 0.5 * self.ax * time_s**2
        y = self.y + self.vy * time_s + 0.5 * self.ay * time_s**2
        return x, y, self.vx + self.ax * time_s, self.vy + self.ay * time_s


def rest_height(scene: Scene, thing: Object) -> float:
    """Height of the centre when the thing stands on the ground."""
    return scene.ground.stand + FOOT[thing.shape] * thing.radius


def strength(speed: float) -> float:
    """How hard a hit at this speed is, 0..1."""
    return min(1.0, abs(speed) / HARDEST)


def follow(scene: Scene, index: int, arcs: list[Arc], hits: list[Impact]) -> Track:
    """The track along the arcs: round things turn as they roll."""
    thing = scene.objects[index]
    rest = rest_height(scene, thing)
    table = np.array([(a.start, a.x, a.y, a.vx, a.vy, a.ax, a.ay) for a in arcs])
    turning = thing.shape in ROUND

    def at(times: Times) -> State:
        piece = table[np.clip(np.searchsorted(table[:, 0], times, "right") - 1, 0, None)]
        start, x0, y0, vx, vy, ax, ay = piece.T
        dt = times - start
        x = x0 + vx * dt + 0.5 * ax * dt**2
        y = y0 + vy * dt + 0.5 * ay * dt**2
        # An edged shape may lean only while it is in the air, or its corners would enter the ground.
        angle = -(x - thing.x) / thing.radius if turning else thing.way * 0.5 * y
        speed = np.hypot(vx + ax * dt, vy + ay * dt)
        return State(x, rest + y, angle, np.ones_like(x), speed)

    return Track(at, tuple(hits))
