"""Hits that are seen: when a thing's way has a kink on the ground, at a wall or at another thing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.measures.motion import Path

Line = NDArray[np.float64]
HITS = ("bounce", "fall", "hop", "collide")
SLOWEST = 0.22  # picture heights a second before the hit
LEAST_TURN = 0.26  # change of speed in a hit, likewise
TOGETHER_S = 0.1


@dataclass(frozen=True)
class Hit:
    """A hit of thing number `index` on ground, wall or object; `strength` is its change of speed."""

    time_s: float
    index: int
    on: str
    strength: float


def hits(ways: tuple[Path, ...], motions: tuple[str, ...], fps: float) -> tuple[Hit, ...]:
    """All hits in order of time; those of two things against each other are one."""
    found: list[Hit] = []
    for index, (way, kind) in enumerate(zip(ways, motions, strict=True)):
        if kind not in HITS or len(way.frame) < 4:
            continue
        if kind == "collide":
            found += [Hit(time_s, index, "object", turn) for time_s, turn in _kinks(way.frame, way.x, fps, 0)]
            continue
        found += [Hit(time_s, index, "ground", turn) for time_s, turn in _kinks(way.frame, way.y, fps, 1)]
        if kind == "bounce":
            found += [Hit(time_s, index, "wall", turn) for time_s, turn in _kinks(way.frame, way.x, fps, 0)]
    return tuple(_merged(sorted(found, key=lambda hit: hit.time_s)))


def _kinks(frame: NDArray[np.int64], place: Line, fps: float, floor: int) -> list[tuple[float, float]]:
    """(time in s, change of speed) of sudden changes of speed; with `floor`, of falling things alone.

    A kink between two frames bends the way at both, the more at the nearer: its time is their weighted mean.
    """
    whole = np.arange(frame[0], frame[-1] + 1)
    line = np.interp(whole, frame, place)
    speed = np.diff(line) * fps
    bend = np.zeros(len(line))
    bend[1:-1] = np.diff(speed)
    found: list[tuple[float, float]] = []
    signs = (1,) if floor else (1, -1)
    for sign in signs:
        push = np.maximum(sign * bend, 0.0)
        taken = np.zeros(len(push), bool)
        for k in np.argsort(-push):
            if taken[max(0, k - 1) : k + 2].any() or push[k] < LEAST_TURN / 2:
                continue
            pair = k + 1 if k + 1 < len(push) and push[k + 1] >= push[k - 1] else k - 1
            first, last = min(k, pair), max(k, pair)
            turn = float(push[first] + push[last])
            before = -sign * float(speed[max(first - 1, 0)])
            after = sign * float(speed[min(last, len(speed) - 1)])
            reverses = floor == 1 or after > 0.04
            if turn < LEAST_TURN or before < SLOWEST * (1 if floor else 0.3) or not reverses:
                continue
            taken[first : last + 1] = True
            moment = (first * push[first] + last * push[last]) / turn
            found.append((float(whole[0] + moment) / fps, turn))
    return found


def _merged(found: list[Hit]) -> list[Hit]:
    """Without the second of two hits of things against each other."""
    kept: list[Hit] = []
    for hit in found:
        twin = any(
            other.on == hit.on == "object" and abs(other.time_s - hit.time_s) < TOGETHER_S for other in kept
        )
        if not twin:
            kept.append(hit)
    return kept
