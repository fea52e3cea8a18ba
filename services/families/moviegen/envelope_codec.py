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
FLAKES = 8
FLAKE = HOP // FLAKES
DETUNE_HZ = 16.0
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
    `noises` are bands of noise up to `noisy_hz`. `max_latents` is the longest sound (800 are 32 s).
    """

    latent_channels: int = 32
    width: int = 256
    blocks: int = 3
    noises: int = 48
    lowest_hz: int = 50
    split_hz: int = 1000
    top_hz: int = 12000
    per_octave: int = 10
    noisy_hz: int = 20000
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
    """Normalized latents to waveform: a network gives levels of tones and noise, which are summed.

    After DDSP (arXiv 2001.04643): oscillators and filtered noise. Tones change four times in a latent, along
    straight lines; the low ones may be out of tune by up to `DETUNE_HZ`, so that a hum has its own pitch.
    Noise changes eight times: an inverse MDCT whose coefficients have their band's level and a sign from a
    fixed table. `mean` and `std` as in the encoder.
    """

    mean: Tensor
    std: Tensor
    tones: Tensor
    quadrature: Tensor
    noises: Tensor
    spread: Tensor
    turns: Tensor

    def __init__(self, params: EnvelopeCodecParams) -> None:
        super().__init__()
        self.params = params
        tones = tones_hz(params)
        self.low = sum(hertz < params.split_hz for hertz in tones)
        self.register_buffer("tones", _tone_grains(params, 0.0))
        self.register_buffer("quadrature", _tone_grains(params, math.pi / 2)[: GRAINS * self.low])
        self.register_buffer("noises", _noise_grains(params))
        self.register_buffer("spread", _spread(params))
        self.register_buffer("turns", _turns(params))
        self.first = nn.Conv1d(params.latent_channels, params.width, 3, padding=1)
        self.blocks = nn.Sequential(*(LatentBlock(params.width) for _ in range(params.blocks)))
        self.parts = [GRAINS * len(tones), GRAINS * self.low, FLAKES * params.noises]
        self.levels = nn.Conv1d(params.width, sum(self.parts), 1)
        with torch.no_grad():
            tone, tuning, noise = torch.split(self.levels.get_parameter("bias"), self.parts)
            tone.fill_(math.log(QUIETEST_LEVEL))
            tuning.zero_()
            noise.fill_(math.log(QUIETEST_LEVEL))
            self.levels.weight[len(tone) : len(tone) + len(tuning)].zero_()
        self.register_buffer("mean", torch.zeros(params.latent_channels))
        self.register_buffer("std", torch.ones(params.latent_channels))

    def forward(self, latents: Tensor) -> Tensor:
        """Waveform [B,1,1920T] in [-1, 1] of latents [B,C,T]; T at most max_latents."""
        levels, tuning = self.plan(latents)
        return self.play(levels, tuning)

    def plan(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Logarithms of levels [B,n,T], and how far [B,low,4T] low tones are out of tune, in Hz."""
        x = self.first(latents * self.std[:, None] + self.mean[:, None])
        tones, tuning, noises = torch.split(self.levels(self.blocks(x)), self.parts, dim=1)
        course = _in_time(tuning, GRAINS)
        return torch.cat([tones, noises], dim=1), torch.tanh(course) * DETUNE_HZ

    def play(self, levels: Tensor, tuning: Tensor) -> Tensor:
        """The waveform [B,1,1920T] of a plan."""
        tones, noises = torch.split(levels, [self.parts[0], self.parts[2]], dim=1)
        waveform = self._sing(torch.exp(tones.clamp(max=LOUDEST_LOG)), tuning) + self._hiss(noises)
        return waveform.clamp(-1.0, 1.0)

    def _sing(self, levels: Tensor, tuning: Tensor) -> Tensor:
        """Tones [B,1,1920T]: a low one turns by as much as it is out of tune."""
        low, high = levels[:, : GRAINS * self.low], levels[:, GRAINS * self.low :]
        phase = (2 * math.pi * GRAIN / RATE_HZ) * torch.cumsum(tuning, 2)
        phase = phase.reshape(*phase.shape[:2], -1, GRAINS).transpose(2, 3).flatten(1, 2)
        cosines = torch.cat([low * torch.cos(phase), high], dim=1)
        return _overlap(cosines, self.tones) + _overlap(low * torch.sin(phase), self.quadrature)

    def _hiss(self, levels: Tensor) -> Tensor:
        """Noise [B,1,1920T] of the logarithms of its levels [B,8 noises,T]."""
        loud = torch.exp(F.conv1d(_in_time(levels, FLAKES), self.spread).clamp(max=LOUDEST_LOG))
        # A sound does not begin from nothing, nor end in it: what is beyond is as at the edge.
        loud = torch.cat([loud[:, :, :1], loud, loud[:, :, -1:]], dim=2)
        turns = self.turns.repeat(1, -(-(self.params.max_latents + 1) * FLAKES // self.turns.shape[1]))
        flakes = loud * turns[:, : loud.shape[2]]
        return F.conv_transpose1d(flakes, self.noises, stride=FLAKE, padding=FLAKE + FLAKE // 2)


def _in_time(levels: Tensor, count: int) -> Tensor:
    """What changes `count` times in a latent, [B,n,count T] of [B,n count,T]."""
    parts = levels.reshape(levels.shape[0], -1, count, levels.shape[2])
    return parts.transpose(2, 3).flatten(2)


def _overlap(levels: Tensor, grains: Tensor) -> Tensor:
    """Sum [B,1,1920T] of grains [n,1,2400] at levels [B,n,T]; beyond the edges they are as there."""
    parts = levels.reshape(levels.shape[0], -1, GRAINS, levels.shape[2])
    first, last = parts[:, :, :1, :1], parts[:, :, -1:, -1:]
    whole = torch.cat([first.expand_as(parts[..., :1]), parts, last.expand_as(parts[..., -1:])], dim=3)
    return F.conv_transpose1d(whole.flatten(1, 2), grains, stride=HOP, padding=HOP + GRAIN // 2)


def _ramps() -> Tensor:
    """Windows [4,2400] of the grains of a latent: triangles that sum to 1, from half a grain before it on."""
    time = torch.arange(HOP + GRAIN, dtype=torch.float64) + 0.5 - GRAIN / 2
    centres = (torch.arange(GRAINS, dtype=torch.float64) + 0.5) * GRAIN
    return (1 - (time - centres[:, None]).abs() / GRAIN).clamp_min(0)


def _tone_grains(params: EnvelopeCodecParams, ahead: float) -> Tensor:
    """Kernels [4 tones,1,2400], tone by tone, ahead by an angle."""
    time = (torch.arange(HOP + GRAIN, dtype=torch.float64) + 0.5 - GRAIN / 2) / RATE_HZ
    frequencies = torch.tensor(tones_hz(params), dtype=torch.float64)
    # Phases that spread (Schroeder's) keep the sum of many tones from peaking.
    count = len(frequencies)
    phases = math.pi * torch.arange(count, dtype=torch.float64).square() / count
    waves = torch.cos(2 * math.pi * frequencies[:, None] * time + phases[:, None] + ahead)
    return (waves[:, None] * _ramps()).flatten(0, 1)[:, None].float()


def _noise_grains(params: EnvelopeCodecParams) -> Tensor:
    """Kernels [n,1,480] of an inverse MDCT in steps of 5 ms; their noise at level 1 has deviation 1."""
    time = torch.arange(2 * FLAKE, dtype=torch.float64)
    window = torch.sin(math.pi * (time + 0.5) / (2 * FLAKE))
    number = torch.arange(_coefficients(params), dtype=torch.float64)[:, None] + 0.5
    waves = torch.cos(math.pi / FLAKE * (time + 0.5 + FLAKE / 2) * number)
    return (waves * window * math.sqrt(2 / FLAKE))[:, None].float()


def _coefficients(params: EnvelopeCodecParams) -> int:
    return round(params.noisy_hz * 2 * FLAKE / RATE_HZ)


def _spread(params: EnvelopeCodecParams) -> Tensor:
    """Weights [n,noises,1] from logarithms of levels of bands, even in mels, to those of coefficients."""
    spacing_hz = RATE_HZ / (2 * FLAKE)
    hertz = (torch.arange(_coefficients(params), dtype=torch.float64) + 0.5) * spacing_hz
    mels = torch.log1p(hertz / 700)
    bands = (mels - mels[0]) / (mels[-1] - mels[0]) * (params.noises - 1)
    places = torch.arange(params.noises, dtype=torch.float64)
    return (1 - (bands[:, None] - places).abs()).clamp_min(0)[:, :, None].float()


def _turns(params: EnvelopeCodecParams) -> Tensor:
    """Signs [n,800] of coefficients: four seconds, then again."""
    generator = torch.Generator().manual_seed(7)
    return 2.0 * torch.randint(0, 2, (_coefficients(params), 800), generator=generator) - 1.0
