"""Copying: where what is given stays as it is, the network says so and need not draw it again.

Shapes: B batch, C latent channels, T h w latent frames, rows, columns, N = T h/2 w/2 tokens, D width. Ours,
after pointer networks (See et al., 2017): a narrow network that redraws what an edit leaves alone blurs it.
"""

import torch
from torch import Tensor, nn

from services.families.moviegen.layers import Velocity

SHARPNESS = 8.0
"""How much faster than other weights the gates learn."""
HARDLY = -0.25
"""What speaks, before training, for taking a latent frame that is not given from the last that is."""


def carried(condition: Tensor) -> tuple[Tensor, Tensor]:
    """What is given [B,C,T,h,w], each latent frame that is not like the last one before it that is; and where
    something is given at all [B,1,T,1,1]: 1 for a frame itself, 0.5 for one before it, else 0.

    `condition` [B,C+1,T,h,w] ends with the mask of what is given, whole latent frames.
    """
    given, mask = condition[:, :-1], condition[:, -1:, :, :1, :1]
    number = torch.arange(given.shape[2], device=given.device, dtype=mask.dtype)[:, None, None]
    # Numbers from 1 on, so that 0 is none; frames are given from the first on, or not at all.
    last = (mask * (number + 1.0)).amax(dim=2, keepdim=True)
    place = torch.minimum(number, (last - 1.0).clamp_min(0.0)).long()
    source = torch.gather(given, 2, place.expand(-1, given.shape[1], -1, *given.shape[3:]))
    return source, 0.5 * (mask + (last > 0).to(mask.dtype))


class Copying(nn.Module):
    """For each cell, how much of it is what is given."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.says = Velocity(width, 4)
        self.bias = nn.Parameter(torch.tensor([0.0, HARDLY]))

    def forward(self, x: Tensor, time: Tensor, grid: torch.Size, there: Tensor) -> Tensor:
        """Gates [B,1,T,h,w] in [0, 1] of tokens x [B,N,D] on a grid (T, h/2, w/2) at time [B,D].

        `there` is what `carried` says; where nothing is given, gates are 0.
        """
        said = self.says(x, time).unflatten(1, grid).unflatten(-1, (2, 2))
        said = said.transpose(3, 4).flatten(4, 5).flatten(2, 3)[:, None]
        leaning = torch.where(there == 1.0, self.bias[0], self.bias[1])
        gates: Tensor = torch.sigmoid(SHARPNESS * (said + leaning)) * (there > 0).to(said.dtype)
        return gates
