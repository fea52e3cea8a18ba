"""Layers that the transformers share.

Shapes: B batch, N tokens, L text tokens, D width, H heads.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Small enough for softmax to give an exact zero, large enough for float16.
MASKED = -3.0e4


class RMSNorm(nn.Module):
    """Root-mean-square norm over the last axis, with a learned gain."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        # A quotient, since ONNX Runtime makes one kernel of that and not of a reciprocal root.
        return x / torch.sqrt(x.square().mean(-1, keepdim=True) + 1e-6) * self.weight


class SwiGLU(nn.Module):
    """Gated feed-forward: three matrices without bias."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.gate = nn.Linear(width, hidden, bias=False)
        self.up = nn.Linear(width, hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.down(F.silu(self.gate(x)) * self.up(x))
        return y


class FeedForward(nn.Module):
    """Plain feed-forward: two matrices without bias around a GELU."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.up = nn.Linear(width, hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.down(F.gelu(self.up(x)))
        return y


class Attention(nn.Module):
    """Multi-head attention without bias, of `x` to itself or to `context`."""

    def __init__(self, width: int, heads: int, qk_norm: bool = True) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.query_norm = RMSNorm(width // heads) if qk_norm else nn.Identity()
        self.key_norm = RMSNorm(width // heads) if qk_norm else nn.Identity()

    def forward(self, x: Tensor, context: Tensor | None = None, bias: Tensor | None = None) -> Tensor:
        """x [B,N,D], context [B,L,D], bias [B,1,1,L] added to the scores; gives [B,N,D]."""
        source = x if context is None else context
        q = self.query_norm(self.query(x).unflatten(-1, (self.heads, -1)))
        k = self.key_norm(self.key(source).unflatten(-1, (self.heads, -1)))
        v = self.value(source).unflatten(-1, (self.heads, -1))
        q, k, v = (y.transpose(1, 2) for y in (q, k, v))
        y = self.attend(q, k, v, bias)
        out: Tensor = self.out(y.transpose(1, 2).flatten(2))
        return out

    def attend(self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None) -> Tensor:
        """Values [B,H,L,D/H] by the likeness of queries [B,H,N,D/H] and keys: [B,H,N,D/H]."""
        return F.scaled_dot_product_attention(q, k, v, attn_mask=bias)


def mask_bias(mask: Tensor) -> Tensor:
    """The bias [B,1,1,L] that hides the tokens whose mask [B,L] is 0 and leaves those with 1."""
    return ((1.0 - mask) * MASKED)[:, None, None, :]


def sinusoids(positions: Tensor, width: int, max_period: float) -> Tensor:
    """Cosines and sines [N, width] of positions [N], wavelengths geometric from 2 pi to 2 pi max_period."""
    half = width // 2
    steps = torch.arange(half, device=positions.device, dtype=torch.float32)
    angles = positions.float()[:, None] * torch.exp(-math.log(max_period) / half * steps)
    return torch.cat([torch.cos(angles), torch.sin(angles)], dim=-1)


class TimeEmbedding(nn.Module):
    """Time in [0, 1], scaled by 1000, as a vector (the scale is open in the paper)."""

    def __init__(self, width: int, frequencies: int = 256) -> None:
        super().__init__()
        self.frequencies = frequencies
        self.expand = nn.Linear(frequencies, width, bias=False)
        self.mix = nn.Linear(width, width, bias=False)

    def forward(self, timestep: Tensor) -> Tensor:
        """timestep [B] gives [B,D]."""
        waves = sinusoids(timestep * 1000.0, self.frequencies, 10000.0).to(self.expand.weight.dtype)
        y: Tensor = self.mix(F.silu(self.expand(waves)))
        return y


class SharedModulation(nn.Module):
    """adaLN: one matrix from the time embedding to all shifts, scales and gates, for all layers.

    It starts at zero, so that each gate does (adaLN-zero).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.project = nn.Linear(width, 6 * width, bias=False)

    def forward(self, time: Tensor) -> Tensor:
        """time [B,D] gives [B,6,D]."""
        y: Tensor = self.project(F.silu(time)).unflatten(-1, (6, -1))
        return y


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """Shift and scale of tokens x [B,N,D] by [B,1,D] each."""
    return x * (1.0 + scale) + shift


class Block(nn.Module):
    """Self-attention, cross-attention to text, feed-forward; the first and last modulated and gated."""

    def __init__(self, width: int, heads: int, feed_forward: nn.Module, qk_norm: bool = True) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(6, width))
        self.attention_norm = RMSNorm(width)
        self.attention = Attention(width, heads, qk_norm)
        self.text_norm = RMSNorm(width)
        self.text_attention = Attention(width, heads, qk_norm)
        self.feed_forward_norm = RMSNorm(width)
        self.feed_forward = feed_forward

    def forward(self, x: Tensor, modulation: Tensor, text: Tensor, text_bias: Tensor) -> Tensor:
        """x [B,N,D], modulation [B,6,D], text [B,L,D], text_bias [B,1,1,L]; gives [B,N,D]."""
        shift1, scale1, gate1, shift2, scale2, gate2 = (modulation + self.bias).chunk(6, dim=1)
        x = x + gate1 * self.attention(modulate(self.attention_norm(x), shift1, scale1))
        x = x + self.text_attention(self.text_norm(x), text, text_bias)
        y: Tensor = x + gate2 * self.feed_forward(modulate(self.feed_forward_norm(x), shift2, scale2))
        return y


class TextProjection(nn.Module):
    """Text states to the width of a transformer: Linear and LayerNorm."""

    def __init__(self, text_width: int, width: int) -> None:
        super().__init__()
        self.project = nn.Linear(text_width, width, bias=False)
        self.norm = nn.LayerNorm(width)

    def forward(self, text: Tensor) -> Tensor:
        y: Tensor = self.norm(self.project(text))
        return y


class Velocity(nn.Module):
    """The last layer: norm, modulate, linear. The linear starts at zero, so does the velocity."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(2, width))
        self.norm = RMSNorm(width)
        self.project = nn.Linear(width, channels, bias=False)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """x [B,N,D], time [B,D]; gives [B,N,channels]."""
        shift, scale = (time[:, None] + self.bias).chunk(2, dim=1)
        y: Tensor = self.project(modulate(self.norm(x), shift, scale))
        return y


def initialize(network: nn.Module) -> None:
    """Xavier-uniform for each linear layer, then zeros where the block must start as the identity."""
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    for module in network.modules():
        if isinstance(module, SharedModulation | Velocity):
            nn.init.zeros_(module.project.weight)
