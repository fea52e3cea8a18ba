"""How far a sound is from another by spectra, and how far partials are from the tones of the codec.

Short windows hear how sharp a sound begins, long ones its pitch. In bands of even width in octaves noise is
even enough for its colour to be learned, down to 70 dB below a full tone: two kinds of noise may differ in
little else than in where their spectrum has a gap. In long windows such bands are notes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from services.families.moviegen.envelope_codec import LOUD, QUIET, RATE_HZ, SPACING_HZ

WINDOWS = (8192, 2048, 512, 256)
HIGHEST_HZ = 20_000
SILENCE = 1e-7
FAINTEST, QUIET_SPECTRUM = 1e-12, 2e-4
SPECTRA_COUNT = 0.3
AUDIBLE = 3.0
FURTHEST_HZ = SPACING_HZ / 2


@dataclass(frozen=True)
class Bands:
    """So many bands of even width in octaves, between two frequencies, in windows of so many samples."""

    count: int
    window: int
    lowest_hz: float
    top_hz: float


COLOURS = Bands(40, 2048, 50.0, 18_000.0)
NOTES = Bands(57, 8192, 80.0 * 2 ** (-0.5 / 12), 80.0 * 2 ** (56.5 / 12))


def power(waveform: Tensor, window: int) -> Tensor:
    """Power [B,window/2+1,T] of waveforms [B,S], a quarter of a window apart; that of a full tone is 1."""
    shape = torch.hann_window(window, device=waveform.device)
    bins = torch.stft(waveform, window, window // 4, window=shape, return_complex=True)
    return (bins.real**2 + bins.imag**2) / (shape.sum() / 2) ** 2


def spectrum(power: Tensor) -> Tensor:
    """Logarithmic magnitudes of power [B,window/2+1,T], flat where it is quiet."""
    # Of a plain root the gradient at 0 is not defined.
    loud = torch.log10(torch.sqrt(power + FAINTEST) + QUIET_SPECTRUM)
    return loud[:, : HIGHEST_HZ * 2 * (power.shape[1] - 1) // RATE_HZ]


def colours(power: Tensor, bands: Bands) -> Tensor:
    """Logarithms [B,T,n] of the power in bands, of power [B,window/2+1,T]."""
    return torch.log10(power.transpose(1, 2) @ _gather(bands, power.device) + SILENCE)


def aspects(waveform: Tensor) -> list[Tensor]:
    """What is heard of waveforms [B,S]: logarithmic spectra in windows of all lengths, colours and notes."""
    powers = {window: power(waveform, window) for window in WINDOWS}
    loud = [SPECTRA_COUNT * spectrum(of_window) for of_window in powers.values()]
    return [*loud, *(colours(powers[bands.window], bands) for bands in (COLOURS, NOTES))]


def apart(one: Sequence[Tensor], other: Sequence[Tensor]) -> Tensor:
    """How far sounds are from others in all aspects: the sum of mean absolute differences."""
    return torch.stack([(a - b).abs().mean() for a, b in zip(one, other, strict=True)]).sum()


@cache
def _gather(bands: Bands, device: torch.device) -> Tensor:
    """Which bins [window/2+1,n] are in which band."""
    octaves = torch.logspace(0, 1, bands.count + 1, base=bands.top_hz / bands.lowest_hz, dtype=torch.float64)
    edges = (octaves * bands.lowest_hz * bands.window / RATE_HZ).round().long()
    edges = torch.maximum(edges, edges[0] + torch.arange(bands.count + 1))
    bins = torch.arange(bands.window // 2 + 1)[:, None]
    return ((bins >= edges[:-1]) & (bins < edges[1:])).float().to(device)


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
