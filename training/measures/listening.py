"""All that the detectors hear in a sound: hits, kinds of sound, the mood of its music.

Two small networks, taught by `fit` on sounds of the world's training scenes, judge what `ears` measures.
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
PARTS = ("mean", "spread", "in", "in_bias", "out", "out_bias")
FURTHEST = 5.0  # deviations
SILENT = 1.0  # most films have no music, though half of the lessons had
LIKELY = -0.5  # logit from which on a moment is a hit
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
    times = hits(sound)
    answer = _asked("sounds", ears.description(sound)[None])[0]
    kinds = {kind for kind, logit in zip(KINDS, answer, strict=False) if logit > 0 and kind != "hits"}
    moods = answer[len(KINDS) :] + np.array([SILENT, 0, 0, 0])
    mood = MOODS[int(moods.argmax())]
    return Listening(times, frozenset(kinds | ({"hits"} if times else set())), mood)


def hits(sound: Wave) -> tuple[float, ...]:
    """Times in s of the hits heard in a sound [S]."""
    moments, numbers = ears.candidates(sound)
    if not moments.size:
        return ()
    likely = _asked("hits", numbers)[:, 0] > LIKELY
    return tuple(sorted((moments[likely] * HOP / RATE).tolist()))


def _asked(name: str, rows: Line) -> Line:
    mean, spread, weight, bias, last, last_bias = (_networks()[name][part] for part in PARTS)
    x = ((rows - mean) / spread).clip(-FURTHEST, FURTHEST) @ weight.T + bias
    answer: Line = (x / (1 + np.exp(-x))) @ last.T + last_bias
    return answer


@cache
def _networks() -> dict[str, dict[str, Line]]:
    written = json.loads(FILE.read_text())
    return {name: {part: _unpacked(parts[part]) for part in PARTS} for name, parts in written.items()}


def _unpacked(text: str) -> Line:
    shape, _, data = text.partition(":")
    values = np.frombuffer(base64.b64decode(data), "<f2").astype(np.float64)
    return values.reshape(tuple(int(side) for side in shape.split("x")))
