"""Visual encoders: what a frame shows and where, as one vector.

The paper takes a MetaCLIP image encoder; `VisualTransformer` has that shape, `VisualEncoder` is a small
convolutional network of ours. Shapes: N frames, S side in pixels, D output width.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from services.families.moviegen.layers import Attention, FeedForward, RMSNorm, initialize


@dataclass(frozen=True)
class VisualEncoderParams:
    """Shape of the convolutional encoder: each width halves the side, 96 to 6."""

    side: int = 96
    widths: tuple[int, ...] = (24, 48, 96, 128)
    grid_channels: int = 32
    output: int = 192


@dataclass(frozen=True)
class VisualTransformerParams:
    """Shape of a ViT. Defaults: a ViT-H/14 (our choice) with the 1024-d output that the paper names."""

    side: int = 224
    patch: int = 14
    width: int = 1280
    layers: int = 32
    heads: int = 16
    hidden: int = 5120
    output: int = 1024


class Halving(nn.Module):
    """Half the side: a strided convolution, then a residual one."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.down = nn.Conv2d(channels_in, channels_out, 3, stride=2, padding=1)
        self.down_norm = nn.GroupNorm(8, channels_out)
        self.mix = nn.Conv2d(channels_out, channels_out, 3, padding=1)
        self.mix_norm = nn.GroupNorm(8, channels_out)

    def forward(self, x: Tensor) -> Tensor:
        x = F.silu(self.down_norm(self.down(x)))
        return x + F.silu(self.mix_norm(self.mix(x)))


class VisualEncoder(nn.Module):
    """Frames to vectors. The last grid is flattened, not averaged: places matter to sound."""

    def __init__(self, params: VisualEncoderParams) -> None:
        super().__init__()
        self.params = params
        self.halvings = nn.ModuleList(
            Halving(before, after)
            for before, after in zip((3, *params.widths[:-1]), params.widths, strict=True)
        )
        cells = (params.side >> len(params.widths)) ** 2
        self.squeeze = nn.Conv2d(params.widths[-1], params.grid_channels, 1)
        self.project = nn.Linear(cells * params.grid_channels, params.output)
        self.norm = nn.LayerNorm(params.output)

    def forward(self, frames: Tensor) -> Tensor:
        """Features [N,D] of frames [N,3,S,S] in [-1, 1]."""
        x = frames
        for halving in self.halvings:
            x = halving(x)
        y: Tensor = self.norm(self.project(self.squeeze(x).flatten(1)))
        return y


class VisualBlock(nn.Module):
    """Pre-norm self-attention and feed-forward."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.attention_norm = RMSNorm(width)
        self.attention = Attention(width, heads)
        self.feed_forward_norm = RMSNorm(width)
        self.feed_forward = FeedForward(width, hidden)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.attention_norm(x))
        y: Tensor = x + self.feed_forward(self.feed_forward_norm(x))
        return y


class VisualTransformer(nn.Module):
    """A ViT whose class token gives the vector."""

    def __init__(self, params: VisualTransformerParams) -> None:
        super().__init__()
        self.params = params
        width, tokens = params.width, (params.side // params.patch) ** 2
        self.patches = nn.Conv2d(3, width, params.patch, stride=params.patch, bias=False)
        self.class_token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.positions = nn.Parameter(0.02 * torch.randn(1, tokens + 1, width))
        self.blocks = nn.ModuleList(
            VisualBlock(width, params.heads, params.hidden) for _ in range(params.layers)
        )
        self.norm = RMSNorm(width)
        self.project = nn.Linear(width, params.output, bias=False)
        initialize(self)

    def forward(self, frames: Tensor) -> Tensor:
        """Features [N,D] of frames [N,3,S,S] in [-1, 1]."""
        x = self.patches(frames).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_token.expand(frames.shape[0], -1, -1), x], dim=1) + self.positions
        for block in self.blocks:
            x = block(x)
        y: Tensor = self.project(self.norm(x[:, 0]))
        return y
