"""Audio transformer (paper, section 6.1.2): velocity of audio latents under picture, text and context.

Shapes: B batch, T latents at 25 Hz, C latent channels, D width, L text tokens.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from services.families.moviegen.layers import (
    Block,
    FeedForward,
    RMSNorm,
    SharedModulation,
    TextProjection,
    TimeEmbedding,
    Velocity,
    initialize,
    mask_bias,
    sinusoids,
)


@dataclass(frozen=True)
class AudioTransformerParams:
    """Shape of an audio transformer; `max_latents` is the size of the position table (750 are 30 s).

    `glances` are convolutions over what is seen (ours): a hit shows in a few frames around it, and attention
    takes long to find them.
    """

    width: int
    layers: int
    heads: int
    hidden: int
    text_width: int
    visual_width: int
    latent_channels: int
    max_latents: int = 800
    qk_norm: bool = True
    glances: int = 0


class Glance(nn.Module):
    """A convolution over neighbouring latents beside a skip. It begins as the skip alone."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = RMSNorm(width)
        self.mix = nn.Conv1d(width, width, 5, padding=2)
        nn.init.zeros_(self.mix.weight)
        nn.init.zeros_(self.mix.get_parameter("bias"))

    def forward(self, x: Tensor) -> Tensor:
        """x [B,T,D] gives [B,T,D]."""
        y: Tensor = x + self.mix(F.silu(self.norm(x)).transpose(1, 2)).transpose(1, 2)
        return y


class AudioTransformer(nn.Module):
    """A diffusion transformer over audio latents; the picture is added to them latent by latent."""

    def __init__(self, params: AudioTransformerParams) -> None:
        super().__init__()
        self.params = params
        width = params.width
        self.latents = nn.Linear(2 * params.latent_channels + 1, width, bias=False)
        self.visual = nn.Linear(params.visual_width, width, bias=False)
        self.glances = nn.Sequential(*(Glance(width) for _ in range(params.glances)))
        waves = 0.25 * sinusoids(torch.arange(params.max_latents), width, float(params.max_latents))
        self.positions = nn.Parameter(waves)
        self.text = TextProjection(params.text_width, width)
        self.time = TimeEmbedding(width)
        self.modulation = SharedModulation(width)
        self.blocks = nn.ModuleList(
            Block(width, params.heads, FeedForward(width, params.hidden), params.qk_norm)
            for _ in range(params.layers)
        )
        self.velocity = Velocity(width, params.latent_channels)
        initialize(self)

    def glance(self, visual: Tensor) -> Tensor:
        """What is seen around each latent [B,T,D] of visual [B,T,visual width]."""
        seen: Tensor = self.glances(self.visual(visual))
        return seen

    def forward(
        self,
        latents: Tensor,
        context: Tensor,
        visual: Tensor,
        timestep: Tensor,
        text: Tensor,
        text_mask: Tensor,
    ) -> Tensor:
        """Velocity [B,C,T] of latents [B,C,T], T at most max_latents.

        The latents themselves are taken away from what the layers say (ours; the paper is silent): the layers
        need not carry the noise through, and at time 0 they say what the sound will be.

        context [B,C+1,T] (known latents and a mask channel), visual [B,T,visual width],
        timestep [B] in [0,1], text [B,L,text width], text_mask [B,L] with 1 for a token (at least one)
        and 0 for a pad.
        """
        x = self.latents(torch.cat([latents, context], dim=1).transpose(1, 2))
        x = x + self.glance(visual) + self.positions[: latents.shape[2]]
        text, text_bias = self.text(text), mask_bias(text_mask)
        time = self.time(timestep)
        modulation = self.modulation(time)
        for block in self.blocks:
            x = block(x, modulation, text, text_bias)
        velocity: Tensor = self.velocity(x, time)
        return velocity.transpose(1, 2) - latents
