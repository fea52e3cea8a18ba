"""How the camera moves, from how the background moves: which even motion explains most of it.

Frames a little apart are laid over each other under every motion that a camera makes: shifts sideways and
down, enlargement, and going forward over a level ground, where what is near grows faster and the sky stays.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from training.measures.look import Frames, is_pencilled

Grey = NDArray[np.float32]
Line = NDArray[np.float64]
Way = Callable[[float], tuple[Line | None, Line | None]]
STRIDE = 4
PAIRS = 6
FURTHEST = 13  # half pixels that the picture may shift from one frame of a pair to the other
CLIPPED = 8.0  # levels of brightness from which on a difference is that of something else
TILE, FAINT = 8, 0.25  # half pixels, levels
MOST = 0.3  # what one tile may say
GAIN = -0.019  # logarithm of the part that a motion must leave, on average over the tiles
STROKE = 0.055  # picture heights from one stroke of a pencil to the next, sideways
SHARE = 0.93  # the part of the whole that it must leave no more of
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

    @cached_property
    def standing(self) -> Grey:
        """What remains [h,w] of each point if the camera stands still."""
        return _gap(self.one, self.two)

    def left(self, columns: Line | None, rows: Line | None) -> float:
        """What remains if the second frame is sampled at columns [w] or [h,w] and rows [h] of the first.

        The logarithm of its part of what standing still leaves, on average over the picture's tiles: a tile
        that things fill counts no more than another, and one in which nothing is drawn counts nothing.
        """
        gap = self._left(columns, rows)
        if gap is None:
            return np.inf
        part = np.log((_tiles(gap) + FAINT) / (_tiles(self.standing) + FAINT))
        return float(part.clip(-MOST, MOST).mean())

    def share(self, columns: Line | None, rows: Line | None) -> float:
        """The part of all that standing still leaves which remains."""
        gap = self._left(columns, rows)
        return np.inf if gap is None else float(gap.mean() / max(self.standing.mean(), 1e-6))

    def _left(self, columns: Line | None, rows: Line | None) -> Grey | None:
        """What remains [h,w], as if standing still where nothing is known; None where that is too much."""
        moved = self.two
        inside = np.ones(moved.shape[1:], bool)
        if rows is not None:
            inside &= ((rows >= 0) & (rows <= moved.shape[1] - 1))[:, None]
            moved = _by_rows(moved, rows)
        if columns is not None:
            inside &= (columns >= 0) & (columns <= moved.shape[2] - 1)
            moved = _by_columns(moved, columns)
        return np.where(inside, _gap(self.one, moved), self.standing) if inside.mean() > 0.4 else None


def _gap(one: Grey, two: Grey) -> Grey:
    gap: Grey = np.minimum(np.abs(two - one), CLIPPED).mean(0)
    return gap


def _tiles(gap: Grey) -> Grey:
    """Means [h/TILE,w/TILE]."""
    height, width = (side // TILE * TILE for side in gap.shape)
    means: Grey = gap[:height, :width].reshape(height // TILE, TILE, width // TILE, TILE).mean((1, 3))
    return means


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
    ways: list[tuple[str, float, Way, list[float]]] = []
    shift = [k / 2 for k in range(-2 * FURTHEST, 2 * FURTHEST + 1) if k]
    ways += [("pan", 0.0, lambda d: (np.arange(width) + d, None), shift)]
    ways += [("tilt", 0.0, lambda d: (None, np.arange(height) + d), shift)]
    rates = [k * 0.012 for k in range(-8, 9) if k]
    for pivot in PIVOTS:
        low = (height - 1) / 2 + pivot * height

        def zoomed(rate: float, low: float = low) -> tuple[Line, Line]:
            factor = np.exp(rate)
            return x * factor + (width - 1) / 2, (np.arange(height) - low) * factor + low

        ways.append(("zoom", pivot, zoomed, rates))
    if horizon is not None:
        line = horizon * height
        ways.append(("push", horizon - 0.5, lambda near: _forward(x, y, line, near), [5 * k for k in rates]))
    tries = [(*_best(pairs, way, values), number) for number, (_, _, way, values) in enumerate(ways)]
    score, value, number = min(tries)
    kind, pivot, way, _ = ways[number]
    # Falling weather and sliding things look like pans and tilts in a few tiles.
    clear, much = score < GAIN, pairs.share(*way(value)) < SHARE
    if not (clear and much if kind in ("pan", "tilt") else clear or much):
        return still
    return _even(kind, value / pairs.stride, pivot, (count, height))


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
    one, two = _halved(frames[first]), _halved(frames[first + stride])
    if is_pencilled(frames):
        one, two = _without_strokes(one), _without_strokes(two)
    return _Pairs(one, two, stride)


def _without_strokes(pictures: Grey) -> Grey:
    """Means [F,h,w] over as many columns as there are from stroke to stroke: they look alike everywhere."""
    width = max(1, round(STROKE * pictures.shape[1]))
    total = np.cumsum(np.pad(pictures, ((0, 0), (0, 0), (width // 2 + 1, (width - 1) // 2)), "edge"), 2)
    means: Grey = (total[..., width:] - total[..., :-width]) / np.float32(width)
    return means


def _halved(frames: Frames) -> Grey:
    """Brightness [F,H/2,W/2], each the mean of four pixels."""
    height, width = frames.shape[1] // 2 * 2, frames.shape[2] // 2 * 2
    light = frames[:, :height, :width] @ np.array([0.30, 0.59, 0.11], np.float32)
    grey: Grey = light.reshape(len(frames), height // 2, 2, width // 2, 2).mean((2, 4))
    return grey


def _best(pairs: _Pairs, way: Way, values: Iterable[float]) -> tuple[float, float]:
    """(least, value) of what is left over by the values, refined between the best one's neighbours."""
    scores = {value: pairs.left(*way(value)) for value in values}
    value = min(scores, key=lambda v: scores[v])
    step = sorted(scores)[1] - sorted(scores)[0]
    for _ in range(4):
        step /= 2
        for near in (value - step, value + step):
            scores[near] = pairs.left(*way(near))
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
