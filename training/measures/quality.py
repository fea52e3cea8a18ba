"""How alike two films are: PSNR, SSIM, bright dots; and signals: scale-invariant SDR."""

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]
Wave = NDArray[np.float32]
Line = NDArray[np.float64]
WINDOW = 7
# A dot is so many levels brighter than all that is two cells away from it, by the width of a cell in pixels.
DOTS = {1: 70.0, 2: 50.0, 4: 35.0}
HIGHEST_DB = 99.0


def psnr(one: Frames, two: Frames, where: NDArray[np.bool_] | None = None) -> float:
    """Peak signal-to-noise ratio in dB of films or pictures [...,H,W,3]; with `where` [...,H,W] there alone.

    At most 99. Raises ValueError if shapes differ or `where` is nowhere.
    """
    if one.shape != two.shape:
        raise ValueError(f"{one.shape} is not {two.shape}")
    gap = (one.astype(np.float32) - two.astype(np.float32)) ** 2
    if where is not None:
        if not where.any():
            raise ValueError("nothing is left to compare")
        gap = gap[where]
    error = float(gap.mean(dtype=np.float64))
    return HIGHEST_DB if error < 1e-5 else min(HIGHEST_DB, float(10 * np.log10(255**2 / error)))


def ssim(one: Frames, two: Frames) -> float:
    """Mean structural similarity of the brightness of films [F,H,W,3], windows of 7x7 (Wang et al., 2004)."""
    if one.shape != two.shape:
        raise ValueError(f"{one.shape} is not {two.shape}")
    total = 0.0
    for a, b in zip(_light(one), _light(two), strict=True):
        mean_a, mean_b = _boxed(a), _boxed(b)
        var_a, var_b = _boxed(a * a) - mean_a**2, _boxed(b * b) - mean_b**2
        both = _boxed(a * b) - mean_a * mean_b
        c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        score = (2 * mean_a * mean_b + c1) * (2 * both + c2)
        score = score / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))
        total += float(score.mean())
    return total / len(one)


def bright_dots(frames: Frames, reference: Frames | None = None) -> int:
    """Number of bright dots in a film [F,H,W,3] (paper, 3.1.1) that the reference does not have.

    Dots are up to three pixels wide, with a reference up to twelve. They must stand out both in the film and
    in its difference from the reference: where the dark corner of a thing is blunted, only the difference
    has one. A dot beside one of the reference's is that one, out of place.
    """
    if reference is None:
        return _starts(_standing_out(_light(frames)) > DOTS[1])
    most = 0
    for side, least in DOTS.items():
        film, truth = (_cells(_light(part), side) for part in (frames, reference))
        own = (_standing_out(film) > least) & (_standing_out(film - truth) > least)
        known = _grown(_standing_out(truth) > least / 2)
        most = max(most, _starts(own & ~known))
    return most


def _standing_out(light: Line) -> Line:
    """How much brighter each place [F,H-4,W-4] of [F,H,W] is than all that are two away from it."""
    inner = light[:, 2:-2, 2:-2]
    around = np.full_like(inner, -np.inf)
    height, width = light.shape[1:]
    for down in range(-2, 3):
        for across in range(-2, 3):
            if max(abs(down), abs(across)) == 2:
                part = light[:, 2 + down : height - 2 + down, 2 + across : width - 2 + across]
                np.maximum(around, part, out=around)
    return inner - around


def _cells(light: Line, side: int) -> Line:
    """Means of whole squares of pixels."""
    frames, height, width = light.shape
    rows, columns = height // side, width // side
    whole = light[:, : rows * side, : columns * side]
    means: Line = whole.reshape(frames, rows, side, columns, side).mean((2, 4))
    return means


def _grown(where: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Places [F,H,W], and all that touch them."""
    wide = where.copy()
    wide[:, 1:] |= where[:, :-1]
    wide[:, :-1] |= where[:, 1:]
    grown = wide.copy()
    grown[:, :, 1:] |= wide[:, :, :-1]
    grown[:, :, :-1] |= wide[:, :, 1:]
    return grown


def _starts(dots: NDArray[np.bool_]) -> int:
    """Dots whose upper and left neighbours are none: one of several pixels counts once."""
    first = dots.copy()
    first[:, 1:] &= ~dots[:, :-1]
    first[:, :, 1:] &= ~dots[:, :, :-1]
    return int(first.sum())


def _light(frames: Frames) -> Line:
    light: Line = frames @ np.array([0.2126, 0.7152, 0.0722])
    return light


def _boxed(plane: Line) -> Line:
    """Means of all windows of 7x7."""
    total = np.cumsum(np.cumsum(np.pad(plane, ((1, 0), (1, 0))), 0), 1)
    w = WINDOW
    summed: Line = total[w:, w:] - total[:-w, w:] - total[w:, :-w] + total[:-w, :-w]
    return summed / w**2


def si_sdr(estimate: Wave, truth: Wave) -> float:
    """Scale-invariant signal-to-distortion ratio in dB of a signal [S] (Le Roux et al., 2019).

    Raises ValueError if lengths differ or the truth is silent.
    """
    if estimate.shape != truth.shape:
        raise ValueError(f"{estimate.shape} is not {truth.shape}")
    a, b = estimate.astype(np.float64) - estimate.mean(), truth.astype(np.float64) - truth.mean()
    power = float(b @ b)
    if power < 1e-9:
        raise ValueError("the truth is silent")
    target = (float(a @ b) / power) * b
    left = a - target
    return float(10 * np.log10((target @ target + 1e-12) / (left @ left + 1e-12)))


def spectral_distance_db(estimate: Wave, truth: Wave) -> float:
    """Mean distance in dB of the loudness of bands of 1/3 octave, every 20 ms, of a signal [S]: no phase.

    Bands in which neither is louder than -70 dB are left out.
    """
    if estimate.shape != truth.shape:
        raise ValueError(f"{estimate.shape} is not {truth.shape}")
    one, two = _bands(estimate), _bands(truth)
    heard = np.maximum(one, two) > -70
    return float(np.abs(np.maximum(one, -80) - np.maximum(two, -80))[heard].mean()) if heard.any() else 0.0


def _bands(sound: Wave) -> Line:
    size, hop = 2048, 960
    start = np.arange(0, max(1, sound.size - size + 1), hop)
    padded = np.pad(sound, (0, max(0, size - sound.size)))
    window = np.hanning(size).astype(np.float32)
    power = (
        np.abs(np.fft.rfft(padded[start[:, None] + np.arange(size)] * window)) ** 2 / (window.sum() / 2) ** 2
    )
    hertz = 63 * 2 ** (np.arange(25) / 3)
    edges = np.maximum.accumulate(np.maximum(np.round(hertz * size / 48_000).astype(int), 2 + np.arange(25)))
    bands: Line = 10 * np.log10(np.add.reduceat(power, edges, 1)[:, :-1] + 1e-12)
    return bands
