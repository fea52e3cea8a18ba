"""Audio codec (paper, section 6.1): DAC (arXiv 2306.06546) as a variational autoencoder.

48 kHz mono in and out, 25 latents a second between.
Shapes: B batch, S samples = 1920 T, T latents, C latent channels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

STRIDES = (2, 8, 10, 12)
DILATIONS = (1, 3, 9)


@dataclass(frozen=True)
class AudioCodecParams:
    """Shape of encoder and decoder: channels at 48 kHz and at 25 Hz; each stride doubles or halves them."""

    encoder_width: int = 16
    decoder_width: int = 256
    latent_channels: int = 32


class Snake(nn.Module):
    """x + sin(a x)^2 / a with a learned per channel (arXiv 2006.08195)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(1, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.sin(self.alpha * x).square() / (self.alpha + 1e-9)


class ResidualUnit(nn.Module):
    """A dilated convolution and a pointwise one beside a skip."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.snake1 = Snake(channels)
        self.dilated = nn.Conv1d(channels, channels, 7, dilation=dilation, padding=3 * dilation)
        self.snake2 = Snake(channels)
        self.mix = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.mix(self.snake2(self.dilated(self.snake1(x))))
        return y


def units(channels: int) -> list[nn.Module]:
    """The residual units of one resolution."""
    return [ResidualUnit(channels, dilation) for dilation in DILATIONS]


class AudioEncoder(nn.Module):
    """Waveform to normalized latents. `mean` and `std` are those of the latents over the training data."""

    mean: Tensor
    std: Tensor

    def __init__(self, params: AudioCodecParams) -> None:
        super().__init__()
        self.params = params
        width = params.encoder_width
        layers: list[nn.Module] = [nn.Conv1d(1, width, 7, padding=3)]
        for stride in STRIDES:
            down = nn.Conv1d(width, 2 * width, 2 * stride, stride=stride, padding=stride // 2)
            layers += [*units(width), Snake(width), down]
            width *= 2
        layers += [Snake(width), nn.Conv1d(width, 2 * params.latent_channels, 3, padding=1)]
        self.layers = nn.Sequential(*layers)
        self.register_buffer("mean", torch.zeros(params.latent_channels))
        self.register_buffer("std", torch.ones(params.latent_channels))

    def encode_moments(self, waveform: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance [B,C,T], not normalized, of waveform [B,1,S]."""
        mean, log_variance = self.layers(waveform).chunk(2, dim=1)
        return mean, log_variance

    def forward(self, waveform: Tensor) -> Tensor:
        """Normalized latents [B,C,T] of waveform [B,1,S], 48 kHz, S a multiple of 1920."""
        mean, _ = self.encode_moments(waveform)
        return (mean - self.mean[:, None]) / self.std[:, None]


class AudioDecoder(nn.Module):
    """Normalized latents to waveform; `mean` and `std` as in the encoder."""

    mean: Tensor
    std: Tensor

    def __init__(self, params: AudioCodecParams) -> None:
        super().__init__()
        self.params = params
        width = params.decoder_width
        layers: list[nn.Module] = [nn.Conv1d(params.latent_channels, width, 7, padding=3)]
        for stride in reversed(STRIDES):
            up = nn.ConvTranspose1d(width, width // 2, 2 * stride, stride=stride, padding=stride // 2)
            layers += [Snake(width), up, *units(width // 2)]
            width //= 2
        layers += [Snake(width), nn.Conv1d(width, 1, 7, padding=3), nn.Tanh()]
        self.layers = nn.Sequential(*layers)
        self.register_buffer("mean", torch.zeros(params.latent_channels))
        self.register_buffer("std", torch.ones(params.latent_channels))

    def forward(self, latents: Tensor) -> Tensor:
        """Waveform [B,1,1920T] in [-1, 1] of latents [B,C,T]."""
        waveform: Tensor = self.layers(latents * self.std[:, None] + self.mean[:, None])
        return waveform
