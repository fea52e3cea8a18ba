"""How far a sound is from another by spectra, and how far partials are from the tones of the codec.

Short windows hear how sharp a sound begins, long ones its pitch. In bands of even width in octaves noise is
even enough for its colour to be learned, down to 70 dB below a full tone: two kinds of noise may differ in
little else than in where their spectrum has a gap.
"""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from services.families.moviegen.envelope_codec import LOUD, QUIET, RATE_HZ, SPACING_HZ

WINDOWS = (8192, 2048, 512, 256)
HIGHEST_HZ = 20_000
BANDS, WINDOW, LOWEST_HZ, TOP_HZ = 40, 2048, 50.0, 18_000.0
SILENCE = 1e-7
AUDIBLE = 3.0
FURTHEST_HZ = SPACING_HZ / 2


def spectrum(waveform: Tensor, window: int) -> Tensor:
    """Logarithmic magnitudes of waveforms [B,S] in windows, flat where it is quiet."""
    shape = torch.hann_window(window, device=waveform.device)
    bins = torch.stft(waveform, window, window // 4, window=shape, return_complex=True)
    # Of a plain absolute value the gradient at 0 is not defined.
    loud = torch.log10(torch.sqrt(bins.real**2 + bins.imag**2 + 1e-9) + 5e-5 * window)
    return loud[:, : HIGHEST_HZ * window // RATE_HZ]


def spectra(made: Tensor, true: Tensor) -> Tensor:
    """Distance of logarithmic spectra of waveforms [B,S], in windows of all lengths."""
    total = torch.zeros((), device=made.device)
    for window in WINDOWS:
        total = total + (spectrum(made, window) - spectrum(true, window)).abs().mean()
    return total


@cache
def _gather(device: torch.device) -> Tensor:
    """Which bins [1025,40] are in which band."""
    hertz = torch.logspace(0, 1, BANDS + 1, base=TOP_HZ / LOWEST_HZ, dtype=torch.float64) * LOWEST_HZ
    edges = torch.maximum((hertz * WINDOW / RATE_HZ).round().long(), torch.arange(BANDS + 1) + 2)
    bins = torch.arange(WINDOW // 2 + 1)[:, None]
    return ((bins >= edges[:-1]) & (bins < edges[1:])).float().to(device)


def colours(waveform: Tensor) -> Tensor:
    """Logarithms [B,T,40] of the power in bands of waveforms [B,S]; that of a full tone is 1."""
    shape = torch.hann_window(WINDOW, device=waveform.device)
    bins = torch.stft(waveform, WINDOW, WINDOW // 4, window=shape, return_complex=True)
    power = (bins.real**2 + bins.imag**2) / (shape.sum() / 2) ** 2
    return torch.log10(power.transpose(1, 2) @ _gather(waveform.device) + SILENCE)


def untuned(powers: Tensor) -> tuple[Tensor, Tensor]:
    """How far in Hz a partial is from the tone at whose band it peaks, and how much that counts [B,low,4T].

    From logarithmic powers [B,low,4T] of low bands: of a window by Hann the next bin tells the offset.
    """
    size = (QUIET * torch.expm1(powers)).clamp_min(0).sqrt() / LOUD
    above, below = F.pad(size[:, 1:], (0, 0, 0, 1)), F.pad(size[:, :-1], (0, 0, 1, 0))
    ratio = torch.maximum(above, below) / size.clamp_min(1e-5)
    offset = SPACING_HZ * (2 * ratio - 1) / (ratio + 1)
    signed = offset.clamp(-FURTHEST_HZ, FURTHEST_HZ) * torch.where(above >= below, 1.0, -1.0)
    peak = (size >= above) & (size >= below) & (powers > AUDIBLE)
    return signed, powers * peak
