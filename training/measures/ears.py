"""What a sound is described by: numbers for sudden rises, for a whole sound, and for its course in time."""

import numpy as np
from numpy.typing import NDArray

from training.measures.onsets import RATE, Line, Wave, bands, step, strength_by_band

SUDDEN = 0.10
APART = 8  # of 5 ms
FLOOR = 1e-7
MEL = 26
FINE = 40  # bands of the course of a sound
NOTES = 57  # semitones from 80 Hz on
LOWEST_HZ = 80.0
LAGS = tuple(range(8, 60, 3))  # of 5 ms


def candidates(sound: Wave) -> tuple[NDArray[np.intp], Line]:
    """Moments (of 5 ms) at which a sound [S] rises suddenly, in any order, and numbers [N,56] of each."""
    power = bands(sound)
    rise = strength_by_band(power)
    mean = rise.mean(1)
    taken = np.zeros(len(mean), bool)
    found = []
    for k in np.argsort(-mean):
        if mean[k] < SUDDEN:
            break
        if not taken[max(0, k - APART) : k + APART + 1].any():
            found.append(k)
        taken[k] = True
    moments = np.array(found, np.intp)
    loud = np.log10(power + FLOOR)
    last = len(loud) - 1
    jump = step(power)[moments]
    total = np.log10(power.sum(1) + FLOOR)
    numbers = [
        rise[moments],
        loud[np.clip(moments - 4, 0, last)],
        loud[np.clip(moments + 2, 0, last)],
        loud[np.clip(moments + 8, 0, last)],
        np.log10(np.maximum(jump, 1e-4))[:, None],
        mean[moments, None],
        total[np.clip(moments + 20, 0, last), None] - total[np.clip(moments + 2, 0, last), None],
        total[np.clip(moments - 20, 0, last), None] - total[np.clip(moments - 4, 0, last), None],
    ]
    return moments, np.concatenate(numbers, 1)


def description(sound: Wave) -> Line:
    """Numbers [D] of a whole sound [S] of at least half a second: colour, liveliness, notes, beats."""
    return np.concatenate([_colours(sound), _notes(sound), _beats(sound)])


def course(sound: Wave) -> Line:
    """Loudness [T,40] of bands, every 10 ms."""
    return _loud(_spectra(sound, 2048, 480), FINE)


def tune(sound: Wave) -> Line:
    """Loudness [T,57] of each semitone, every 50 ms."""
    power = _spectra(sound, 8192, 2400)
    hertz = LOWEST_HZ * 2 ** ((np.arange(NOTES + 1) - 0.5) / 12)
    edges = np.round(hertz * 8192 / RATE).astype(int)
    edges = np.maximum.accumulate(np.maximum(edges, edges[0] + np.arange(NOTES + 1)))
    loud: Line = np.log10(np.maximum.reduceat(power, edges, 1)[:, :-1] + FLOOR)
    return loud


def _loud(power: Line, count: int) -> Line:
    """Loudness [T,count] of bands of even width in octaves, from power of windows of 2048."""
    hertz = np.geomspace(50, 18_000, count + 1)
    edges = np.maximum(np.round(hertz * 2048 / RATE).astype(int), np.arange(count + 1) + 2)
    loud: Line = np.log10(np.add.reduceat(power, edges, 1)[:, :-1] + FLOOR)
    return loud


def _spectra(sound: Wave, size: int, hop: int) -> Line:
    """Power [T,size/2+1] of pieces of a sound."""
    padded = sound if sound.size >= size else np.pad(sound, (0, size - sound.size))
    places = np.arange(0, padded.size - size + 1, hop)[:, None] + np.arange(size)
    window = np.hanning(size).astype(np.float32)
    power: Line = np.abs(np.fft.rfft(padded[places] * window)) ** 2 / (window.sum() / 2) ** 2
    return power


def _colours(sound: Wave) -> Line:
    """Loudness of bands in quiet, usual and loud moments, how it wavers, and where its peak goes."""
    power = _spectra(sound, 2048, 960)
    loud = _loud(power, MEL)
    low, middle, high = np.quantile(loud, (0.15, 0.5, 0.9), axis=0)
    waver = np.abs(np.diff(loud, axis=0)).mean(0)
    half = len(loud) // 2
    trend = np.median(loud[half:], 0) - np.median(loud[:half], 0)
    return np.concatenate([low, middle, high, waver, trend, _glide(power)])


def _glide(power: Line) -> Line:
    """How the highest peak between 80 and 1500 Hz moves and stands out."""
    low, high = round(80 * 2048 / RATE), round(1500 * 2048 / RATE)
    part = power[:, low:high] + 1e-12
    peak = np.log2(part.argmax(1) + low)
    time = np.linspace(-1, 1, len(peak))
    slope = float((peak - peak.mean()) @ time / (time @ time))
    clear = np.log10(part.max(1) / part.mean(1))
    smooth = float(np.abs(np.diff(peak)).mean()) if len(peak) > 1 else 0.0
    return np.array(
        [slope, slope * float(np.median(clear)), np.median(clear), smooth, float(np.median(peak))]
    )


def _notes(sound: Wave) -> Line:
    """How much each semitone stands out of its surroundings, usually and at times."""
    loud = tune(sound)
    around = np.stack([np.roll(loud, k, 1) for k in range(-4, 5)]).mean(0)
    out = loud - around
    usual, often = np.quantile(out, (0.4, 0.75), axis=0)
    octave = [np.sort(usual[k : k + 12])[-3:].mean() for k in range(0, NOTES - 11, 9)]
    return np.concatenate([usual, often, octave, [np.quantile(loud, 0.4), float(loud.mean())]])


def _beats(sound: Wave) -> Line:
    """How alike the loudness of four parts of the spectrum is to itself a little later."""
    power = bands(sound)
    parts = np.stack([power[:, a:b].sum(1) for a, b in ((0, 3), (3, 6), (6, 9), (9, 13))], 1)
    level = np.log10(parts + FLOOR)
    kernel = np.ones(61) / 61
    alike = []
    for line in level.T:
        flat = line - np.convolve(np.pad(line, 30, "edge"), kernel, "valid")
        spread = float(flat @ flat) + 1e-3
        alike += [float(flat[lag:] @ flat[:-lag]) / spread for lag in LAGS if lag < len(flat)]
        alike += [0.0] * (len(LAGS) - sum(lag < len(flat) for lag in LAGS))
        alike.append(float(np.log10(spread / len(flat))))
    return np.array(alike)
