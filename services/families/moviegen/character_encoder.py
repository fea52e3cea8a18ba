"""Character encoder (paper, section 5.1): the portrait of a character as tokens beside those of the text.

Shapes: B batch, C latent channels, S side of the portrait in latents, N = (S/2)^2 tokens, D width of the
transformer, E that of the encoder. The paper takes a vision encoder of pixels and leaves the count of tokens
open; ours looks at the latents of the frozen video encoder.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from services.families.moviegen.layers import TextProjection, sinusoids
from services.families.moviegen.visual_encoder import VisualBlock

PATCH = 2


@dataclass(frozen=True)
class CharacterParams:
    """Shape of a character encoder; `side` is that of the portrait in latents."""

    side: int = 12
    width: int = 128
    layers: int = 2
    heads: int = 4
    hidden: int = 512

    @property
    def tokens(self) -> int:
        """Tokens of a portrait."""
        return (self.side // PATCH) ** 2


class CharacterEncoder(nn.Module):
    """Patches of latents with learned positions, a few blocks, and the projection that text has."""

    def __init__(self, params: CharacterParams, channels: int, width: int) -> None:
        super().__init__()
        cells, half = params.side // PATCH, params.width // 2
        self.patches = nn.Conv2d(channels, params.width, PATCH, stride=PATCH, bias=False)
        waves = sinusoids(torch.arange(cells), half, float(cells))
        self.row, self.column = (nn.Parameter(waves.clone()) for _ in range(2))
        self.blocks = nn.ModuleList(
            VisualBlock(params.width, params.heads, params.hidden) for _ in range(params.layers)
        )
        self.project = TextProjection(params.width, width)

    def forward(self, portrait: Tensor) -> Tensor:
        """Tokens [B,N,D] of the latents [B,C,S,S] of a portrait."""
        x = self.patches(portrait).flatten(2).transpose(1, 2)
        cells = self.row.shape[0]
        row = self.row[:, None].expand(-1, cells, -1)
        column = self.column[None].expand(cells, -1, -1)
        x = x + torch.cat([row, column], dim=-1).flatten(0, 1)
        for block in self.blocks:
            x = block(x)
        y: Tensor = self.project(x)
        return y
