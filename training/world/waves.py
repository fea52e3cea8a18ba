"""Pieces of sound: noise, control curves, tones."""

import numpy as np
from numpy.typing import NDArray

Wave = NDArray[np.float32]
RATE = 48_000
CONTROL = 240


def noise(rng: np.random.Generator, count: int, hold: int) -> Wave:
    """Noise [count] of standard deviation about 1, dull: a value every `hold` samples, joined by lines."""
    points = rng.standard_normal(count // hold + 2, dtype=np.float32)
    return joined(points, hold)[:count]


def joined(points: Wave, hold: int) -> Wave:
    """Lines from point to point, `hold` samples each."""
    ramp: Wave = np.arange(hold, dtype=np.float32) / hold
    start: Wave = points[:-1, None]
    step: Wave = np.diff(points)[:, None]
    lines: Wave = start + step * ramp
    return lines.reshape(-1)


def stretch(control: NDArray[np.float64], count: int) -> Wave:
    """A control curve with a point every CONTROL samples, drawn out to samples [count]."""
    return joined(control.astype(np.float32), CONTROL)[:count]


def tone(pitch: NDArray[np.float64], count: int) -> Wave:
    """A sine whose pitch in Hz follows the control curve."""
    step = stretch(pitch * (2 * np.pi / RATE), count)
    wave: Wave = np.sin(np.cumsum(step, dtype=np.float64) % (2 * np.pi)).astype(np.float32)
    return wave
