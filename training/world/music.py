"""Music by mood, softer than what things do: bright and quick, slow and falling, or a restless pulse."""

import numpy as np

from training.world.scene import Scene, stream
from training.world.waves import RATE, Wave

# Semitones above the key.
HAPPY = ((0, 4, 7, 12, 7, 4), (0, 4, 7, 9, 12, 9), (0, 7, 4, 12, 9, 7), (12, 7, 9, 4, 7, 0))
SAD = ((12, 10, 8, 7), (7, 8, 7, 3), (12, 8, 7, 3), (8, 7, 3, 0))
TENSE = ((0, 1, 6), (0, 6, 7), (0, 1, 13))


def music(scene: Scene, count: int) -> Wave:
    """The scene's music [count], silence where it has none; peak about 0.08."""
    rng = stream(scene.seed, 8)
    match scene.music:
        case "happy":
            return _happy(rng, count)
        case "sad":
            return _sad(rng, count)
        case "tense":
            return _tense(rng, count)
        case _:
            return np.zeros(count, np.float32)


def _hertz(key: float, semitones: int) -> np.float32:
    return np.float32(key * 2 ** (semitones / 12))


def _sine(hertz: np.float32, time: Wave) -> Wave:
    wave: Wave = np.sin(time * np.float32(2 * np.pi * hertz))
    return wave


def _seconds(length_s: float) -> Wave:
    return np.arange(round(length_s * RATE), dtype=np.float32) / RATE


def _played(count: int, step_s: float, notes: list[Wave]) -> Wave:
    """The notes one after the other, a step apart, again and again for `count` samples."""
    wave = np.zeros(count, np.float32)
    step = round(step_s * RATE)
    for number, start in enumerate(range(0, count, step)):
        part = notes[number % len(notes)][: count - start]
        wave[start : start + part.size] += part
    return wave


def _happy(rng: np.random.Generator, count: int) -> Wave:
    """Plucked major chords, six to eight notes a second, high."""
    key, pattern = 523.25 * 2 ** (int(rng.integers(-3, 4)) / 12), HAPPY[int(rng.integers(len(HAPPY)))]
    time = _seconds(0.32)
    shape = np.minimum(time / np.float32(0.006), 1) * np.exp(time / np.float32(-0.09))
    plucked = {
        note: np.float32(0.06) * shape * (
            _sine(_hertz(key, note), time) + np.float32(0.3) * _sine(_hertz(key, note + 12), time)
        )
        for note in set(pattern)
    }  # fmt: skip
    return _played(count, float(rng.uniform(0.125, 0.16)), [plucked[note] for note in pattern])


def _sad(rng: np.random.Generator, count: int) -> Wave:
    """A falling minor tune, a long note after the other, with a low fifth under it."""
    key, pattern = 196.0 * 2 ** (int(rng.integers(-3, 4)) / 12), SAD[int(rng.integers(len(SAD)))]
    step_s = float(rng.uniform(0.55, 0.75))
    time = _seconds(step_s * 1.5)
    shape = np.sin(np.pi * np.minimum(time / np.float32(step_s * 1.5), 1)) ** 2
    waver = time + np.float32(0.0006) * np.sin(time * np.float32(2 * np.pi * 5))
    sung = [
        np.float32(0.045) * shape * (
            _sine(_hertz(key, note), waver) + np.float32(0.2) * _sine(_hertz(key, note + 12), waver)
        )
        for note in pattern
    ]  # fmt: skip
    wave = _played(count, step_s, sung)
    drone = _played(count, step_s, [np.float32(0.025) * shape * _sine(_hertz(key, -12), time)])
    return wave + drone


def _tense(rng: np.random.Generator, count: int) -> Wave:
    """Notes that do not go together, low and trembling."""
    key, chord = 98.0 * 2 ** (int(rng.integers(-3, 4)) / 12), TENSE[int(rng.integers(len(TENSE)))]
    time = np.arange(count, dtype=np.float32) / RATE
    wave = np.zeros(count, np.float32)
    for note in chord:
        wave += _sine(_hertz(key, note), time) + np.float32(0.35) * _sine(_hertz(key, note + 12), time)
    tremble = np.float32(0.55) + np.float32(0.45) * _sine(np.float32(rng.uniform(8, 11)), time)
    return np.float32(0.02) * wave * tremble
