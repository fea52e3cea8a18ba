"""Sudden rises of energy in many bands at once."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Wave = NDArray[np.float32]
Line = NDArray[np.float64]
RATE = 48_000
HOP = 240  # 5 ms
WINDOW = 720
EDGES_HZ = (60, 120, 200, 300, 450, 650, 900, 1300, 1900, 2800, 4200, 6500, 10000, 16000)
FLOOR = 3e-5  # power of a band below which nothing is heard
RISE_S = 0.03


def bands(sound: Wave) -> Line:
    """Power [T,13] of the sound [S] in bands, every 5 ms; T covers the sound."""
    count = max(1, -(-sound.size // HOP))
    padded = np.zeros(count * HOP + WINDOW, np.float32)
    padded[WINDOW // 2 : WINDOW // 2 + sound.size] = sound
    start = np.arange(count) * HOP
    window = np.hanning(WINDOW).astype(np.float32)
    pieces = padded[start[:, None] + np.arange(WINDOW)] * window
    size = 2048
    power = np.abs(np.fft.rfft(pieces, size)) ** 2 / (window.sum() / 2) ** 2
    edges = np.round(np.array(EDGES_HZ) * size / RATE).astype(int)
    parts = [power[:, a : max(b, a + 1)].sum(1) for a, b in pairwise(edges)]
    return np.stack(parts, 1)


def strength_by_band(power: Line) -> Line:
    """How much the loudness of each band [T,13] has grown over the moments before, in powers of ten."""
    loud = np.log10(power + FLOOR) - np.log10(FLOOR)
    lag = max(1, round(RISE_S * RATE / HOP))
    before = np.stack([np.pad(loud, ((k, 0), (0, 0)), "edge")[: len(loud)] for k in range(2, 2 + lag)])
    rise: Line = np.maximum(loud - before.max(0), 0)
    return rise


def step(power: Line) -> Line:
    """How much more amplitude there is just after each 5 ms than just before."""
    level = np.sqrt(power.sum(1))
    after = np.stack([np.pad(level, (0, k), "edge")[k:] for k in range(4)]).max(0)
    before = np.stack([np.pad(level, (k, 0), "edge")[: len(level)] for k in range(3, 9)]).max(0)
    higher: Line = after - before
    return higher
