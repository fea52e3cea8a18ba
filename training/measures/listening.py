"""All that the detectors hear in a sound: hits, kinds of sound, the mood of its music.

Small networks, taught by `fit` on sounds of the world's training scenes, judge what `ears` measures.
"""

import base64
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.measures import ears
from training.measures.onsets import HOP, RATE

FILE = Path(__file__).parent / "ears.json"
KINDS = ("rolling", "scraping", "whirring", "tone", "swishing", "rain", "fire", "hits")
KIND_OF = {
    "bounce": "hits", "fall": "hits", "hop": "hits", "collide": "hits", "roll": "rolling",
    "slide": "scraping", "spin": "whirring", "rise": "tone", "grow": "tone", "shrink": "tone",
    "swing": "swishing", "still": "silence",
}  # fmt: skip
MOODS = ("none", "happy", "sad", "tense")
FURTHEST = 5.0  # deviations
# Steps of the convolutions of a sound's course and tune, and how many moments they need at least.
STEPS = {"course": (2, 2, 2, 2), "tune": (1, 2, 2)}
FEWEST = {"course": 61, "tune": 9}
# Logarithm of odds: four films in five have no music but two lessons in five, and the moods share the rest.
SILENT = 1.8
LIKELY, SURE = -0.5, 0.0  # logits from which on a moment is a hit, and from which on one alone is believed
SHORTEST_S = 0.5

Wave = NDArray[np.float32]
Line = NDArray[np.float64]


@dataclass(frozen=True)
class Listening:
    """Times of hits in s, the kinds of sound that are heard (of KINDS), and the mood of the music."""

    hits: tuple[float, ...]
    kinds: frozenset[str]
    mood: str


def listen(sound: Wave) -> Listening:
    """Listen to a sound float32 [S] at 48 kHz. Raises ValueError if it is shorter than half a second."""
    if sound.size < SHORTEST_S * RATE:
        raise ValueError(f"{sound.size} samples are too few to hear anything")
    moments, likely = _moments(sound)
    times = _chosen(moments, likely)
    answer = _whole(sound)
    kinds = {kind for kind, logit in zip(KINDS, answer, strict=False) if logit > 0 and kind != "hits"}
    moods = answer[len(KINDS) :] + np.array([SILENT, 0, 0, 0])
    mood = MOODS[int(moods.argmax())]
    hit = {"hits"} if likely.size and likely.max() > SURE else set()
    return Listening(times, frozenset(kinds | hit), mood)


def hits(sound: Wave) -> tuple[float, ...]:
    """Times in s of the hits heard in a sound [S]."""
    return _chosen(*_moments(sound))


def normal(rows: Line, mean: Line, spread: Line) -> Line:
    """Numbers as deviations from what is usual, not too far."""
    even: Line = ((rows - mean) / spread).clip(-FURTHEST, FURTHEST)
    return even


def _moments(sound: Wave) -> tuple[Line, Line]:
    """Times in s of what may be hits, and their logits."""
    moments, numbers = ears.candidates(sound)
    if not moments.size:
        return np.zeros(0), np.zeros(0)
    net = _networks()["hits"]
    return moments * HOP / RATE, _answered(net, _hidden(net, numbers))[:, 0]


def _chosen(times: Line, likely: Line) -> tuple[float, ...]:
    return tuple(sorted(times[likely > LIKELY].tolist()))


def _whole(sound: Wave) -> Line:
    """Logits of KINDS and of MOODS."""
    net = _networks()["sounds"]
    hidden = [_hidden(net, ears.description(sound))]
    for name, rows in (("course", ears.course(sound)), ("tune", ears.tune(sound))):
        hidden += _pooled(name, rows)
    return _answered(net, np.concatenate(hidden))


def _hidden(net: dict[str, Line], rows: Line) -> Line:
    return _lit(normal(rows, net["mean"], net["spread"]) @ net["in"].T + net["in_bias"])


def _answered(net: dict[str, Line], hidden: Line) -> Line:
    answer: Line = hidden @ net["out"].T + net["out_bias"]
    return answer


def _pooled(name: str, rows: Line) -> list[Line]:
    """Mean and maximum over time of what the convolutions make of rows [T,C]."""
    net = _networks()[name]
    x = normal(np.resize(rows, (max(len(rows), FEWEST[name]), rows.shape[1])), net["mean"], net["spread"])
    for number, step in enumerate(STEPS[name]):
        weight = net[f"layer_{number}"]
        windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2], axis=0)[::step]
        flat = windows.reshape(len(windows), -1)
        x = _lit(flat @ weight.reshape(len(weight), -1).T + net[f"layer_{number}_bias"])
    return [x.mean(0), x.max(0)]


def _lit(x: Line) -> Line:
    lit: Line = x / (1 + np.exp(-x))
    return lit


@cache
def _networks() -> dict[str, dict[str, Line]]:
    written = json.loads(FILE.read_text())
    return {name: {part: _unpacked(text) for part, text in parts.items()} for name, parts in written.items()}


def _unpacked(text: str) -> Line:
    shape, _, data = text.partition(":")
    values = np.frombuffer(base64.b64decode(data), "<f2").astype(np.float64)
    return values.reshape(tuple(int(side) for side in shape.split("x")))
