"""Hits as the audio transformer is to see them: a layer that tells them, thrown away afterwards.

Through the transformer's loss it took thousands of steps until hits were where they are seen. Asked for them,
the convolutions over what is seen find nine in ten after two hundred small steps.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FAINT = 0.2
FAINT_COUNTS = 0.3
SELDOM = 5.0
BEFORE, AFTER = 1, 3
"""Latents around a hit in which its sound is."""


def around(strengths: Tensor) -> Tensor:
    """Where [B,1,T] the sound of a hit is, 1 or 0, of strengths of hits [B,T], 0 where there is none."""
    padded = F.pad(strengths[:, None], (AFTER, BEFORE))
    return (F.max_pool1d(padded, BEFORE + 1 + AFTER, 1) > FAINT).float()


class Hits(nn.Module):
    """Whether there is a hit in a latent, and how hard it is."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.answer = nn.Linear(width, 2)

    def forward(self, glanced: Tensor, strengths: Tensor) -> Tensor:
        """Losses [B,T] of what is seen [B,T,D] against strengths of hits [B,T]."""
        there, hard = self.answer(glanced).float().unbind(-1)
        known = torch.where(strengths > FAINT, 1.0, FAINT_COUNTS) * (strengths > 0)
        told = F.binary_cross_entropy_with_logits(there, known, reduction="none")
        losses: Tensor = SELDOM * told + (hard - strengths).square() * (strengths > 0)
        return losses
