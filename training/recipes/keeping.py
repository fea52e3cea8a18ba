"""Tells the gates of a video transformer which cells stay as they are given.

Through the loss of the film they learn it slowly: where a cell stays, the network nearly draws it anyway, and
the little that it lacks hardly moves them.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from services.families.moviegen.copying import Copying, carried

SAME = 0.005
"""Mean squared difference of latents below which a cell stays: what a good network errs by."""
SURE = 1e-4


class Keeping:
    """The loss of gates against what stays."""

    def __init__(self, copying: Copying) -> None:
        self.gates: Tensor | None = None

        def hear(_: nn.Module, __: tuple[Tensor, ...], gates: Tensor) -> None:
            self.gates = gates

        copying.register_forward_hook(hear)

    def loss(self, latents: Tensor, condition: Tensor) -> Tensor:
        """That of the gates heard last, for latents [B,C,T,h,w] under a condition [B,C+1,T,h,w]; 0 where
        nothing was given."""
        gates, self.gates = self.gates, None
        assert gates is not None
        source, there = carried(condition)
        stays = ((latents - source).square().mean(1, keepdim=True) < SAME).float()
        told = F.binary_cross_entropy(gates.float().clamp(SURE, 1.0 - SURE), stays, reduction="none")
        given = (there > 0).float().expand_as(told)
        loss: Tensor = (told * given).sum() / given.sum().clamp_min(1.0)
        return loss
