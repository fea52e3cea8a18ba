"""How the camera moves, from how the background moves: which even motion explains most of it.

Frames a little apart are laid over each other under every motion that a camera makes: shifts sideways and
down, enlargement, and going forward over a level ground, where what is near grows faster and the sky stays.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]
Grey = NDArray[np.float32]
Line = NDArray[np.float64]
STRIDE = 4
PAIRS = 6
FURTHEST = 13  # half pixels that the picture may shift from one frame of a pair to the other
CLIPPED = 8.0  # levels of brightness from which on a difference is that of something else
GAIN = 0.93  # a motion must leave less than this part of what standing still leaves
# Where zooms keep the picture in place, in picture heights below its centre.
PIVOTS = (0.0, 0.16)
# From horizon to where things stand, in picture heights, when nothing better is known.
STANDING = 0.175


@dataclass(frozen=True)
class Drift:
    """The background's motion from the first frame on, at each frame [F], in picture heights and as a factor.

    A point at (u, v) from the centre of the first frame lies at zoom (u, v) + (x, y) later; y is down.
    `camera` is static, pan left, pan right, tilt up, tilt down, zoom in, zoom out, push in or pull out.
    """

    camera: str
    x: Line
    y: Line
    zoom: Line


@dataclass(frozen=True)
class _Pairs:
    one: Grey
    two: Grey
    stride: int

    def left(self, columns: Line | None, rows: Line | None) -> float:
        """What remains if the second frame is sampled at columns [w] or [h,w] and rows [h] of the first."""
        moved = self.two
        inside = np.ones(moved.shape[1:], bool)
        if rows is not None:
            inside &= ((rows >= 0) & (rows <= moved.shape[1] - 1))[:, None]
            moved = _by_rows(moved, rows)
        if columns is not None:
            inside &= (columns >= 0) & (columns <= moved.shape[2] - 1)
            moved = _by_columns(moved, columns)
        gap = np.minimum(np.abs(moved - self.one), CLIPPED)
        return float(gap[:, inside].mean()) if inside.mean() > 0.4 else np.inf


def drift(frames: Frames, horizon: float | None = None) -> Drift:
    """Motion of the background of a film [F,H,W,3], taken to be even; `horizon` in picture heights.

    Without a horizon, going forward is not told from zooming.
    """
    count = len(frames)
    still = Drift("static", np.zeros(count), np.zeros(count), np.ones(count))
    if count < 3:
        return still
    pairs = _pairs(frames)
    height, width = pairs.one.shape[1:]
    x, y = np.arange(width) - (width - 1) / 2, np.arange(height) - (height - 1) / 2
    tries: list[tuple[float, str, float, float]] = []
    shift = [k / 2 for k in range(-2 * FURTHEST, 2 * FURTHEST + 1) if k]
    across = _best(lambda d: pairs.left(np.arange(width) + d, None), shift)
    down = _best(lambda d: pairs.left(None, np.arange(height) + d), shift)
    tries += [(across[0], "pan", across[1], 0.0), (down[0], "tilt", down[1], 0.0)]
    for pivot in PIVOTS:
        low = (height - 1) / 2 + pivot * height

        def zoomed(rate: float, low: float = low) -> float:
            factor = np.exp(rate)
            return pairs.left(x * factor + (width - 1) / 2, (np.arange(height) - low) * factor + low)

        found = _best(zoomed, [k * 0.012 for k in range(-8, 9) if k])
        tries.append((found[0], "zoom", found[1], pivot))
    if horizon is not None:
        found = _best(
            lambda near: pairs.left(*_forward(x, y, horizon * height, near)),
            [k * 0.06 for k in range(-8, 9) if k],
        )
        tries.append((found[0], "push", found[1], horizon - 0.5))
    standing = pairs.left(None, None)
    least = min(tries)
    if not least[0] < GAIN * standing:
        return still
    return _even(least[1], least[2] / pairs.stride, least[3], (count, height))


def _even(kind: str, rate: float, pivot: float, shape: tuple[int, int]) -> Drift:
    """The motion of every frame from a rate per frame."""
    count, height = shape
    time = np.arange(count)
    none, one = np.zeros(count), np.ones(count)
    if kind == "pan":
        return Drift("pan left" if rate > 0 else "pan right", rate / height * time, none, one)
    if kind == "tilt":
        return Drift("tilt up" if rate > 0 else "tilt down", none, rate / height * time, one)
    if kind == "zoom":
        zoom = np.exp(rate * time)
        return Drift("zoom in" if rate > 0 else "zoom out", none, pivot * (1 - zoom), zoom)
    # One camera goes as far as the other: the nearer one is at the end of a push and at the start of a pull.
    nearer = 1 / np.clip(1 - abs(rate) * STANDING * time, 0.4, None)
    zoom = nearer if rate > 0 else nearer[::-1] / nearer[-1]
    return Drift("push in" if rate > 0 else "pull out", none, pivot * (1 - zoom), zoom)


def _pairs(frames: Frames) -> _Pairs:
    """Brightness at half the size of up to PAIRS pairs of frames, STRIDE apart where there are so many."""
    stride = min(STRIDE, len(frames) - 1)
    first = np.unique(np.linspace(0, len(frames) - 1 - stride, PAIRS).round().astype(int))
    return _Pairs(_halved(frames[first]), _halved(frames[first + stride]), stride)


def _halved(frames: Frames) -> Grey:
    """Brightness [F,H/2,W/2], each the mean of four pixels."""
    height, width = frames.shape[1] // 2 * 2, frames.shape[2] // 2 * 2
    light = frames[:, :height, :width] @ np.array([0.30, 0.59, 0.11], np.float32)
    grey: Grey = light.reshape(len(frames), height // 2, 2, width // 2, 2).mean((2, 4))
    return grey


def _best(left: Callable[[float], float], values: Iterable[float]) -> tuple[float, float]:
    """(least, value) of what is left over by the values, refined between the best one's neighbours."""
    scores = {value: left(value) for value in values}
    value = min(scores, key=lambda v: scores[v])
    step = sorted(scores)[1] - sorted(scores)[0]
    for _ in range(4):
        step /= 2
        for near in (value - step, value + step):
            scores[near] = left(near)
        value = min((value, value - step, value + step), key=lambda v: scores[v])
    return scores[value], value


def _forward(x: Line, y: Line, horizon: float, near: float) -> tuple[Line, Line]:
    """Columns [h,w] and rows [h] of the first frame's points after going forward by `near`, in half pixels.

    A row u picture heights below the horizon shows what is 1 / u away.
    """
    height = len(y)
    below = (np.arange(height) + 0.5 - horizon) / height
    ground = below > 0.01
    away = 1 / np.where(ground, below, 1.0)
    factor = np.where(ground, away / np.maximum(away - near, 0.3), 1.0)
    rows = np.where(ground, horizon + below * height * factor - 0.5, np.arange(height))
    return x * factor[:, None] + (len(x) - 1) / 2, rows


def _by_rows(pictures: Grey, rows: Line) -> Grey:
    height = pictures.shape[1]
    top = np.clip(np.floor(rows).astype(np.intp), 0, height - 2)
    part: Grey = np.clip(rows - top, 0, 1)[:, None].astype(np.float32)
    mixed: Grey = pictures[:, top] * (1 - part) + pictures[:, top + 1] * part
    return mixed


def _by_columns(pictures: Grey, columns: Line) -> Grey:
    width = pictures.shape[2]
    left = np.clip(np.floor(columns).astype(np.intp), 0, width - 2)
    part = np.clip(columns - left, 0, 1).astype(np.float32)
    if columns.ndim == 1:
        mixed: Grey = pictures[..., left] * (1 - part) + pictures[..., left + 1] * part
        return mixed
    line = np.arange(pictures.shape[1])[:, None]
    sheared: Grey = pictures[:, line, left] * (1 - part) + pictures[:, line, left + 1] * part
    return sheared
