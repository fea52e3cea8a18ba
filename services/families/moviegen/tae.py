"""Temporal autoencoder (paper, section 3.1.1): an image autoencoder inflated to video.

Each 2-D convolution is followed by a 1-D one over time, each spatial attention by a temporal one. Time is
padded on both sides by repeating the end frames: not causal. Norms see one frame at a time, so that they do
not depend on the tile a frame is in. Inside, video is [B,T,C,H,W]. Latents are 1/8 in time and space.

A linear map from each block of 8x8x8 pixels to its latent, and back, stands beside the deep networks, whose
last layers start at zero. That is ours (the paper is silent on it): set to the principal components of the
data, it gives a usable autoencoder before the first step of training, in which colours cannot be lost.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from services.families.moviegen.layers import Attention, initialize

BLOCK = 8
"""Pixels of a latent's block along each axis: the compression of the paper."""


@dataclass(frozen=True)
class TAEParams:
    """Shape of encoder and decoder; `widths` from full resolution to 1/8.

    With `patch` 2 the outermost stages see squares of 2x2 pixels side by side on the channel axis, and the
    first change of resolution is in time alone: less than half the work (ours).
    """

    widths: tuple[int, int, int, int] = (24, 48, 96, 128)
    encoder_blocks: int = 1
    decoder_blocks: int = 2
    heads: int = 2
    latent_channels: int = 16
    groups: int = 8
    patch: int = 1


def silence(layer: nn.Conv2d) -> None:
    """Let a layer start at zero."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def per_frame(module: nn.Module, x: Tensor) -> Tensor:
    """Apply a module on [N,C,H,W] to each frame of x [B,T,C,H,W]."""
    y: Tensor = module(x.flatten(0, 1))
    return y.reshape(*x.shape[:2], *y.shape[1:])


class TemporalConv(nn.Module):
    """1-D convolution over time, kernel 3, on [B,T,C,H,W]; the ends are repeated.

    The three neighbours stand side by side on the channel axis under a 1x1 convolution: the same sum,
    with no transposition of the video. It starts as the identity (plain inflation of the image network).
    """

    def __init__(self, channels: int, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.mix = nn.Conv2d(3 * channels, channels, 1)
        nn.init.zeros_(self.mix.weight)
        nn.init.zeros_(self.mix.bias)  # type: ignore[arg-type]
        with torch.no_grad():
            self.mix.weight[:, channels : 2 * channels, 0, 0] = torch.eye(channels)

    def forward(self, x: Tensor) -> Tensor:
        frames = x.shape[1]
        padded = torch.cat([x[:, 0].unsqueeze(1), x, x[:, -1].unsqueeze(1)], dim=1)
        neighbours = [padded[:, shift : frames + shift : self.stride] for shift in range(3)]
        return per_frame(self.mix, torch.cat(neighbours, dim=2))


class InflatedConv(nn.Module):
    """3x3 convolution in space, then one over time; `stride` is that of space."""

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1) -> None:
        super().__init__()
        self.space = nn.Conv2d(channels_in, channels_out, 3, stride=stride, padding=1)
        self.time = TemporalConv(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.time(per_frame(self.space, x))
        return y


class Residual(nn.Module):
    """Norm, SiLU, convolution, twice, beside a skip."""

    def __init__(self, channels_in: int, channels_out: int, groups: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, channels_in)
        self.conv1 = InflatedConv(channels_in, channels_out)
        self.norm2 = nn.GroupNorm(groups, channels_out)
        self.conv2 = InflatedConv(channels_out, channels_out)
        same = channels_in == channels_out
        self.skip = nn.Identity() if same else nn.Conv2d(channels_in, channels_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.silu(per_frame(self.norm1, x)))
        y = self.conv2(F.silu(per_frame(self.norm2, y)))
        out: Tensor = y + (x if isinstance(self.skip, nn.Identity) else per_frame(self.skip, x))
        return out


class Middle(nn.Module):
    """Residual, attention in space, attention in time, residual; at the latents' resolution."""

    def __init__(self, params: TAEParams) -> None:
        super().__init__()
        width = params.widths[-1]
        self.before = Residual(width, width, params.groups)
        self.space_norm = nn.GroupNorm(params.groups, width)
        self.space = Attention(width, params.heads)
        self.time_norm = nn.GroupNorm(params.groups, width)
        self.time = Attention(width, params.heads)
        self.after = Residual(width, width, params.groups)
        initialize(self)
        for attention in (self.space, self.time):
            nn.init.zeros_(attention.out.weight)

    def forward(self, x: Tensor) -> Tensor:
        x = self.before(x)
        batch, frames, channels, rows, columns = x.shape
        y = per_frame(self.space_norm, x).flatten(0, 1).flatten(2).transpose(1, 2)
        y = self.space(y).transpose(1, 2)
        x = x + y.reshape(batch, frames, channels, rows, columns)
        y = per_frame(self.time_norm, x).permute(0, 3, 4, 1, 2).flatten(0, 2)
        y = self.time(y).reshape(batch, rows, columns, frames, channels)
        out: Tensor = self.after(x + y.permute(0, 3, 4, 1, 2))
        return out


class Down(nn.Module):
    """1/`factor` of the resolution in space, then half in time (an odd length rounds up)."""

    def __init__(self, channels_in: int, channels_out: int, factor: int = 2) -> None:
        super().__init__()
        self.space = nn.Conv2d(channels_in, channels_out, 3, stride=factor, padding=1)
        self.time = TemporalConv(channels_out, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.time(per_frame(self.space, x))
        return y


class Up(nn.Module):
    """`factor` times the resolution in space and twice in time, from the channel axis, then time is mixed."""

    def __init__(self, channels_in: int, channels_out: int, factor: int = 2) -> None:
        super().__init__()
        self.space = nn.Conv2d(channels_in, 2 * factor**2 * channels_out, 3, padding=1)
        self.shuffle = nn.PixelShuffle(factor)
        self.time = TemporalConv(channels_out)
        with torch.no_grad():
            # Both frames are alike at the start, so that a still does not flicker.
            for weight in (self.space.weight, self.space.get_parameter("bias")):
                first, second = weight.chunk(2)
                second.copy_(first)

    def forward(self, x: Tensor) -> Tensor:
        batch, frames = x.shape[:2]
        y = self.shuffle(self.space(x.flatten(0, 1)))
        # Each frame becomes two, side by side on the channel axis until here.
        y = y.reshape(batch, 2 * frames, -1, *y.shape[2:])
        out: Tensor = self.time(y)
        return out


def factors(params: TAEParams) -> tuple[int, int, int]:
    """Changes of resolution in space between the stages, from full resolution on."""
    return (2 if params.patch == 1 else 1, 2, 2)


class BlockEncoder(nn.Module):
    """Linear: video [B,3,F,H,W] to [B,C,ceil(F/8),H/8,W/8], the last frame repeated to fill a block."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.project = nn.Conv3d(3, channels, BLOCK, stride=BLOCK)

    def forward(self, video: Tensor, frames: int) -> Tensor:
        """``frames`` is the number of latent frames."""
        last = video[:, :, -1].unsqueeze(2)
        filled = torch.cat([video, last.expand(-1, -1, BLOCK - 1, -1, -1)], dim=2)
        y: Tensor = self.project(filled[:, :, : BLOCK * frames])
        return y


class TAEEncoder(nn.Module):
    """Video to normalized latents. `mean` and `std` are those of the latents over the training data."""

    mean: Tensor
    std: Tensor

    def __init__(self, params: TAEParams) -> None:
        super().__init__()
        self.params = params
        widths, groups = params.widths, params.groups
        self.first = InflatedConv(3 * params.patch**2, widths[0])
        stages: list[nn.Module] = []
        for before, after, factor in zip(widths, widths[1:], factors(params), strict=False):
            stages += [Residual(before, before, groups) for _ in range(params.encoder_blocks)]
            stages.append(Down(before, after, factor))
        stages += [Residual(widths[-1], widths[-1], groups) for _ in range(params.encoder_blocks)]
        self.stages = nn.Sequential(*stages)
        self.middle = Middle(params)
        self.norm = nn.GroupNorm(groups, widths[-1])
        self.last = InflatedConv(widths[-1], 2 * params.latent_channels)
        self.blocks = BlockEncoder(params.latent_channels)
        silence(self.last.space)
        self.register_buffer("mean", torch.zeros(params.latent_channels))
        self.register_buffer("std", torch.ones(params.latent_channels))

    def encode_moments(self, video: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance [B,C,T,h,w], not normalized, of video [B,3,F,H,W]; T = ceil(F / 8)."""
        x = per_frame(nn.PixelUnshuffle(self.params.patch), video.transpose(1, 2))
        x = self.middle(self.stages(self.first(x)))
        x = self.last(F.silu(per_frame(self.norm, x))).transpose(1, 2)
        mean, log_variance = x.chunk(2, dim=1)
        return mean + self.blocks(video, mean.shape[2]), log_variance

    def forward(self, video: Tensor) -> Tensor:
        """Normalized latents [B,C,T,H/8,W/8] of video [B,3,F,H,W] in [-1, 1]; H and W multiples of 8."""
        mean, _ = self.encode_moments(video)
        return (mean - self.mean[:, None, None, None]) / self.std[:, None, None, None]


class TAEDecoder(nn.Module):
    """Normalized latents to video; `mean` and `std` as in the encoder."""

    mean: Tensor
    std: Tensor

    def __init__(self, params: TAEParams) -> None:
        super().__init__()
        self.params = params
        widths, groups = params.widths[::-1], params.groups
        self.first = InflatedConv(params.latent_channels, widths[0])
        self.middle = Middle(params)
        stages: list[nn.Module] = []
        for before, after, factor in zip(widths, widths[1:], factors(params)[::-1], strict=False):
            stages += [Residual(before, before, groups) for _ in range(params.decoder_blocks)]
            stages.append(Up(before, after, factor))
        self.stages = nn.Sequential(*stages)
        self.sketch = nn.Conv2d(3 * params.patch**2, widths[-1], 3, padding=1)
        finish = [Residual(widths[-1], widths[-1], groups) for _ in range(params.decoder_blocks)]
        self.finish = nn.Sequential(*finish)
        self.norm = nn.GroupNorm(groups, widths[-1])
        self.last = InflatedConv(widths[-1], 3 * params.patch**2)
        self.blocks = nn.ConvTranspose3d(params.latent_channels, 3, BLOCK, stride=BLOCK)
        silence(self.last.space)
        self.register_buffer("mean", torch.zeros(params.latent_channels))
        self.register_buffer("std", torch.ones(params.latent_channels))

    def forward(self, latents: Tensor) -> Tensor:
        """Video [B,3,8T,8h,8w] of latents [B,C,T,h,w]; about [-1, 1], not clamped."""
        z = latents * self.std[:, None, None, None] + self.mean[:, None, None, None]
        sketch = self.blocks(z).transpose(1, 2)
        x = self.stages(self.middle(self.first(z.transpose(1, 2))))
        # What the linear half draws is seen by the last stage, which then has only its faults to mend.
        x = self.finish(x + per_frame(self.sketch, per_frame(nn.PixelUnshuffle(self.params.patch), sketch)))
        x = self.last(F.silu(per_frame(self.norm, x)))
        y: Tensor = sketch + per_frame(nn.PixelShuffle(self.params.patch), x)
        return y.transpose(1, 2)
