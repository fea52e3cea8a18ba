"""Asks the blocks of a video transformer what will be where, while it is trained.

Shapes: B batch, T h w latent frames, rows and columns, N = T h/2 w/2 tokens, D width.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from training.recipes.looks import KINDS
from training.world.scene import COLOURS

CELLS = 4
THINGS_COUNT = 3.0
"""How much more a cell with a thing counts."""


class Asking(nn.Module):
    """Shape and colour of what is in each cell, from the tokens after a block."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.answer = nn.Linear(width, CELLS * sum(KINDS))
        self.tokens: Tensor | None = None

    def listen(self, block: nn.Module) -> None:
        """Keep what a block gives from now on."""

        def hear(_: nn.Module, __: tuple[Tensor, ...], tokens: Tensor) -> None:
            self.tokens = tokens

        block.register_forward_hook(hear)

    def forward(self, looks: Tensor) -> Tensor:
        """The loss of what was heard last against looks uint8 [B,T,h,w], and what was heard is forgotten."""
        tokens, self.tokens = self.tokens, None
        assert tokens is not None
        said = self.answer(self.norm(tokens)).float().unflatten(-1, (CELLS, sum(KINDS)))
        looks = patches(looks).long()
        there = looks > 0
        shapes, colours = ((looks - 1) // len(COLOURS) + 1) * there, ((looks - 1) % len(COLOURS) + 1) * there
        told = sum(
            F.cross_entropy(part.flatten(0, 2), true.flatten(), reduction="none")
            for part, true in zip(said.split(KINDS, dim=-1), (shapes, colours), strict=True)
        )
        regard = 1.0 + THINGS_COUNT * there.flatten()
        loss: Tensor = (told * regard).sum() / regard.sum()
        return loss


def patches(looks: Tensor) -> Tensor:
    """Cells [B,T,h,w] as tokens have them: [B,N,4]."""
    count, frames, rows, columns = looks.shape
    cells = looks.reshape(count, frames, rows // 2, 2, columns // 2, 2).transpose(3, 4)
    return cells.reshape(count, -1, CELLS)
