"""Text encoder: a small bidirectional transformer of ours in the place of UL2's encoder.

Shapes: B batch, L tokens, D width.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from services.contract.tokenizer import PAD
from services.families.moviegen.layers import Attention, RMSNorm, SwiGLU, initialize, mask_bias, sinusoids


@dataclass(frozen=True)
class TextEncoderParams:
    """Shape of a text encoder."""

    vocabulary: int = 1024
    max_tokens: int = 256
    width: int = 192
    layers: int = 3
    heads: int = 4
    hidden: int = 512


class TextBlock(nn.Module):
    """Pre-norm self-attention and feed-forward."""

    def __init__(self, params: TextEncoderParams) -> None:
        super().__init__()
        self.attention_norm = RMSNorm(params.width)
        self.attention = Attention(params.width, params.heads)
        self.feed_forward_norm = RMSNorm(params.width)
        self.feed_forward = SwiGLU(params.width, params.hidden)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        x = x + self.attention(self.attention_norm(x), bias=bias)
        y: Tensor = x + self.feed_forward(self.feed_forward_norm(x))
        return y


class TextEncoder(nn.Module):
    """Tokens to states; pads are neither seen nor returned."""

    def __init__(self, params: TextEncoderParams) -> None:
        super().__init__()
        self.params = params
        self.embedding = nn.Embedding(params.vocabulary, params.width)
        # Loud enough that the order of words is there from the first step.
        waves = sinusoids(torch.arange(params.max_tokens), params.width, 100.0)
        self.positions = nn.Parameter(0.3 * waves)
        self.blocks = nn.ModuleList(TextBlock(params) for _ in range(params.layers))
        self.norm = RMSNorm(params.width)
        initialize(self)
        nn.init.normal_(self.embedding.weight, std=0.5)

    def forward(self, tokens: Tensor) -> Tensor:
        """States [B,L,D] of tokens int64 [B,L], L at most max_tokens; zeros at pads (id 0)."""
        mask = (tokens != PAD).to(self.positions.dtype)
        x = self.embedding(tokens) + self.positions[: tokens.shape[1]]
        bias = mask_bias(mask)
        for block in self.blocks:
            x = block(x, bias)
        y: Tensor = self.norm(x) * mask[:, :, None]
        return y
