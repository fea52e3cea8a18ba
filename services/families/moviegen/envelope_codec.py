"""Envelope codec: latents of band powers, sound from tones and noise bands. Ours: the paper leaves it open.

A codec of waveforms (`audio_codec`) needs long training before phases are right. This one keeps no phase, so
that its encoder is ready after one principal component analysis and its latents say what a transformer can
learn: how loud each band is, every 10 ms. Shapes: B batch, S samples = 1920 T, T latents, C latent channels.
"""

import itertools
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

RATE_HZ = 48_000
HOP = 1920
GRAINS = 4
GRAIN = HOP // GRAINS
SPACING_HZ = RATE_HZ // HOP
# Probes are scaled so that squares stay in the range of float16: a full tone has the power LOUD^2, silence
# ends 50 dB below it.
LOUD = 32.0
QUIET = 0.01
QUIETEST_LEVEL = 1e-3
LOUDEST_LOG = 1.0


@dataclass(frozen=True)
class EnvelopeCodecParams:
    """Shape of the envelope codec: latent channels, width and residual blocks of the decoder's network.

    `tones` are sustained partials, 25 Hz apart up to `split_hz`, then a fraction of an octave up to `top_hz`;
    `noises` are noise bands over the same range. `max_latents` is the longest sound (800 are 32 s).
    """

    latent_channels: int = 32
    width: int = 256
    blocks: int = 3
    noises: int = 18
    lowest_hz: int = 50
    split_hz: int = 1000
    top_hz: int = 12000
    per_octave: int = 10
    max_latents: int = 800


def analysed_bands(params: EnvelopeCodecParams) -> list[tuple[float, float]]:
    """Bands in Hz above the split: `per_octave` in each octave, from the split to the top."""
    count = round(math.log2(params.top_hz / params.split_hz) * params.per_octave)
    edges = [params.split_hz * (params.top_hz / params.split_hz) ** (n / count) for n in range(count + 1)]
    return list(itertools.pairwise(edges))


def tones_hz(params: EnvelopeCodecParams) -> list[int]:
    """Frequencies of the tones: multiples of 25 Hz, so that a hop holds whole periods of each."""
    low = list(range(params.lowest_hz, params.split_hz, SPACING_HZ))
    high = [round(math.sqrt(a * b) / SPACING_HZ) * SPACING_HZ for a, b in analysed_bands(params)]
    return low + high


def _probes(frequencies: list[float], length: int) -> Tensor:
    """Kernels [2n,1,length]: windowed cosines, then sines, that give a tone's amplitude as their modulus."""
    time = (torch.arange(length, dtype=torch.float64) + 0.5 - length / 2) / RATE_HZ
    window = torch.hann_window(length, periodic=True, dtype=torch.float64)
    phase = 2 * math.pi * torch.tensor(frequencies, dtype=torch.float64)[:, None] * time
    kernels = torch.cat([phase.cos(), phase.sin()]) * window * (2 / window.sum())
    return kernels[:, None].float()


class BandPowers(nn.Module):
    """Logarithm of the power in each band, four times in a latent. Low bands have the longer window."""

    low: Tensor
    high: Tensor
    gather: Tensor

    def __init__(self, params: EnvelopeCodecParams) -> None:
        super().__init__()
        low = [float(f) for f in range(params.lowest_hz, params.split_hz, SPACING_HZ)]
        high = [float(f) for f in range(params.split_hz, params.top_hz, 2 * SPACING_HZ)]
        bands = analysed_bands(params)
        self.bands = len(low) + len(bands)
        self.register_buffer("low", LOUD * _probes(low, HOP))
        self.register_buffer("high", LOUD * _probes(high, HOP // 2))
        inside = [[float(a <= f < b) for f in high] for a, b in bands]
        self.register_buffer("gather", torch.tensor(inside)[:, :, None])

    def forward(self, waveform: Tensor) -> Tensor:
        """[B,bands,4T] of waveform [B,1,1920T]: 0 at silence, about 0.1 a dB above it."""
        low, high = self._power(waveform, self.low), self._power(waveform, self.high)
        powers = torch.cat([low, F.conv1d(high, self.gather)], dim=1)
        return torch.log(powers + QUIET) - math.log(QUIET)

    def _power(self, waveform: Tensor, kernels: Tensor) -> Tensor:
        margin = (kernels.shape[2] - GRAIN) // 2
        cosines, sines = F.conv1d(waveform, kernels, stride=GRAIN, padding=margin).chunk(2, dim=1)
        return cosines.square() + sines.square()


class EnvelopeEncoder(nn.Module):
    """Waveform to normalized latents: band powers, then one matrix. Phase is left out on purpose.

    What a film's sound is heard as is where its energy lies in time and frequency; phase would be noise to
    the transformer. `mean` and `std` are those of the latents over the training data.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, params: EnvelopeCodecParams) -> None:
        super().__init__()
        self.params = params
        self.powers = BandPowers(params)
        self.squeeze = nn.Conv1d(GRAINS * self.powers.bands, params.latent_channels, 1)
        self.register_buffer("mean", torch.zeros(params.latent_channels))
        self.register_buffer("std", torch.ones(params.latent_channels))

    def envelopes(self, waveform: Tensor) -> Tensor:
        """Logarithmic band powers [B,4 bands,T] of waveform [B,1,1920T]."""
        powers: Tensor = self.powers(waveform)
        batch, bands, _ = powers.shape
        return powers.reshape(batch, bands, -1, GRAINS).transpose(2, 3).flatten(1, 2)

    def forward(self, waveform: Tensor) -> Tensor:
        """Normalized latents [B,C,T] of waveform [B,1,S], 48 kHz, S a multiple of 1920."""
        latents: Tensor = self.squeeze(self.envelopes(waveform))
        return (latents - self.mean[:, None]) / self.std[:, None]


class LatentBlock(nn.Module):
    """Two convolutions over latents beside a skip."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(width, width, 3, padding=1)
        self.second = nn.Conv1d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.second(F.silu(self.first(F.silu(x))))
        return y


class EnvelopeDecoder(nn.Module):
    """Normalized latents to waveform: a network gives levels of tones and noise bands, which are summed.

    After DDSP (arXiv 2001.04643): oscillators and filtered noise, here as one transposed convolution each.
    Levels change four times in a latent, along straight lines. The noise of a grain is turned over or not by
    a fixed table, without which it would repeat 25 times a second. `mean` and `std` as in the encoder.
    """

    mean: Tensor
    std: Tensor
    tones: Tensor
    noises: Tensor
    turns: Tensor

    def __init__(self, params: EnvelopeCodecParams) -> None:
        super().__init__()
        self.params = params
        self.register_buffer("tones", _tone_grains(params))
        self.register_buffer("noises", _noise_grains(params))
        self.register_buffer("turns", _turns(params))
        self.first = nn.Conv1d(params.latent_channels, params.width, 3, padding=1)
        self.blocks = nn.Sequential(*(LatentBlock(params.width) for _ in range(params.blocks)))
        self.levels = nn.Conv1d(params.width, len(self.tones) + len(self.noises), 1)
        nn.init.constant_(self.levels.get_parameter("bias"), math.log(QUIETEST_LEVEL))
        self.register_buffer("mean", torch.zeros(params.latent_channels))
        self.register_buffer("std", torch.ones(params.latent_channels))

    def forward(self, latents: Tensor) -> Tensor:
        """Waveform [B,1,1920T] in [-1, 1] of latents [B,C,T]; T at most max_latents."""
        x = self.first(latents * self.std[:, None] + self.mean[:, None])
        levels = torch.exp(self.levels(self.blocks(x)).clamp(max=LOUDEST_LOG))
        tones, noises = torch.split(levels, [len(self.tones), len(self.noises)], dim=1)
        noises = noises * self.turns[:, : latents.shape[2]]
        waveform = _overlap(tones, self.tones) + _overlap(noises, self.noises)
        return waveform.clamp(-1.0, 1.0)


def _overlap(levels: Tensor, grains: Tensor) -> Tensor:
    """Sum [B,1,1920T] of grains [n,1,2400] at levels [B,n,T]."""
    return F.conv_transpose1d(levels, grains, stride=HOP, padding=GRAIN // 2)


def _ramps() -> Tensor:
    """Windows [4,2400] of the grains of a latent: triangles that sum to 1, from half a grain before it on."""
    time = torch.arange(HOP + GRAIN, dtype=torch.float64) + 0.5 - GRAIN / 2
    centres = (torch.arange(GRAINS, dtype=torch.float64) + 0.5) * GRAIN
    return (1 - (time - centres[:, None]).abs() / GRAIN).clamp_min(0)


def _tone_grains(params: EnvelopeCodecParams) -> Tensor:
    """Kernels [4 tones,1,2400], tone by tone."""
    time = (torch.arange(HOP + GRAIN, dtype=torch.float64) + 0.5 - GRAIN / 2) / RATE_HZ
    frequencies = torch.tensor(tones_hz(params), dtype=torch.float64)
    # Phases that spread (Schroeder's) keep the sum of many tones from peaking.
    count = len(frequencies)
    phases = math.pi * torch.arange(count, dtype=torch.float64).square() / count
    waves = torch.cos(2 * math.pi * frequencies[:, None] * time + phases[:, None])
    return (waves[:, None] * _ramps()).flatten(0, 1)[:, None].float()


def _noise_grains(params: EnvelopeCodecParams) -> Tensor:
    """Kernels [4 noises,1,2400], band by band, of standard deviation 1 before their windows."""
    generator = torch.Generator().manual_seed(6)
    length = HOP + GRAIN
    ratio = (params.top_hz / params.lowest_hz) ** (1 / params.noises)
    frequencies = torch.fft.rfftfreq(length, 1 / RATE_HZ)
    grains = []
    for band in range(params.noises):
        edge = params.lowest_hz * ratio**band
        inside = (frequencies >= edge) & (frequencies < max(edge * ratio, edge + 2 * RATE_HZ / length))
        white = torch.fft.rfft(torch.randn(GRAINS, length, generator=generator))
        noise = torch.fft.irfft(white * inside, n=length)
        grains.append(noise / noise.std(1, keepdim=True) * _ramps())
    return torch.cat(grains)[:, None].float()


def _turns(params: EnvelopeCodecParams) -> Tensor:
    """Signs [4 noises, max_latents]."""
    generator = torch.Generator().manual_seed(7)
    shape = (GRAINS * params.noises, params.max_latents)
    return 2.0 * torch.randint(0, 2, shape, generator=generator) - 1.0
