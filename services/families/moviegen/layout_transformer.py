"""Layout transformer: velocity of a layout under text. Ours: it stands where the paper rewrites its prompts
(section 3.4.1), and says what a caption leaves open, where things are and when.

Shapes: B batch, K slots, T latent frames, A columns of a layout, N = K T tokens, D width, L text tokens.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from services.contract.cast import TASKS
from services.contract.layout import COLUMNS, SLOTS
from services.families.moviegen.layers import (
    Block,
    SharedModulation,
    SwiGLU,
    TextProjection,
    TimeEmbedding,
    Velocity,
    initialize,
    mask_bias,
    sinusoids,
)

NEAREST = 0.05
"""Time left to the data below which the velocity from predicted data is not trusted to a division."""


@dataclass(frozen=True)
class LayoutTransformerParams:
    """Shape of a layout transformer; `max_frames` is the size of the table of latent frames."""

    width: int = 192
    layers: int = 6
    heads: int = 4
    hidden: int = 512
    text_width: int = 192
    max_frames: int = 48


class LayoutTransformer(nn.Module):
    """A diffusion transformer whose tokens are things in latent frames. It predicts the clean layout."""

    def __init__(self, params: LayoutTransformerParams) -> None:
        super().__init__()
        self.params = params
        width = params.width
        self.rows = nn.Linear(COLUMNS, width)
        self.known = nn.Linear(COLUMNS + 1, width, bias=False)
        self.slot = nn.Parameter(torch.randn(SLOTS, width) * 0.5)
        frames = torch.arange(params.max_frames)
        self.frame = nn.Parameter(0.5 * sinusoids(frames, width, float(params.max_frames)))
        self.text = TextProjection(params.text_width, width)
        self.time = TimeEmbedding(width)
        self.task_time = nn.Parameter(torch.zeros(len(TASKS), width))
        self.aspect = nn.Linear(1, width)
        self.modulation = SharedModulation(width)
        self.blocks = nn.ModuleList(
            Block(width, params.heads, SwiGLU(width, params.hidden)) for _ in range(params.layers)
        )
        self.velocity = Velocity(width, COLUMNS)
        initialize(self)
        nn.init.zeros_(self.known.weight)

    def forward(
        self,
        layout: Tensor,
        known: Tensor,
        aspect: Tensor,
        timestep: Tensor,
        task: Tensor,
        text: Tensor,
        text_mask: Tensor,
    ) -> Tensor:
        """Velocity [B,K,T,A] of a layout [B,K,T,A].

        known [B,K,T,A+1] are rows of the layout of what is given with the text, with a column of 1, or zeros.
        aspect [B] is width / height of the picture, timestep [B] in [0,1], task int64 [B], text [B,L,text
        width], text_mask [B,L] with 1 for a token and 0 for a pad.
        """
        frames = layout.shape[2]
        position = (self.slot[:, None] + self.frame[:frames]).flatten(0, 1)
        x = self.rows(layout.flatten(1, 2)) + self.known(known.flatten(1, 2))
        time = self.time(timestep) + self.task_time[task] + self.aspect(torch.log(aspect)[:, None])
        modulation, context, bias = self.modulation(time), self.text(text), mask_bias(text_mask)
        for block in self.blocks:
            x = block(x + position, modulation, context, bias)
        clean = self.velocity(x, time).unflatten(1, (SLOTS, -1))
        left = (1.0 - timestep).clamp_min(NEAREST)[:, None, None, None]
        velocity: Tensor = (clean - layout) / left
        return velocity
