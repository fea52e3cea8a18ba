"""Layout field: what a layout says about each cell of the latents.

A small network sees a cell as the thing sees it, from its middle, turned as it is turned and in its radii,
and knows what the thing is; what it says of all things is added up. Ours: layouts are not in the paper.

Shapes: B batch, K slots, T h w latent frames, rows, columns, A columns of a layout, M moments, F features.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from services.contract import layout as columns

LEAST_RADIUS = 0.02
FARTHEST = 4.0
"""Radii from a thing beyond which all places look alike."""
SEEN = 3 * columns.MOMENTS + 2


@dataclass(frozen=True)
class LayoutFieldParams:
    """Shape of a layout field: width within, and features of a cell."""

    width: int = 160
    features: int = 96


class LayoutField(nn.Module):
    """Features of cells under a layout; none where no thing is there."""

    def __init__(self, params: LayoutFieldParams) -> None:
        super().__init__()
        self.seen = nn.Linear(SEEN, params.width)
        self.known = nn.Linear(columns.COLUMNS, params.width, bias=False)
        self.mix = nn.ModuleList(nn.Linear(params.width, params.width) for _ in range(2))
        self.say = nn.Linear(params.width, params.features)

    def forward(self, layout: Tensor, rows: int, columns_: int) -> Tensor:
        """Layout [B,K,T,A] gives [B,F,T,h,w] for h `rows` and w `columns_`."""
        x = self.seen(views(layout, rows, columns_)) + self.known(layout)[:, :, :, None, None]
        for layer in self.mix:
            x = x + layer(F.silu(x))
        y = self.say(F.silu(x))
        there = layout[..., columns.THERE].clamp(0.0, 1.0)[:, :, :, None, None]
        field: Tensor = (y * there).sum(1).permute(0, 4, 1, 2, 3)
        return field


def views(layout: Tensor, rows: int, columns_: int) -> Tensor:
    """Cells as things see them, [B,K,T,h,w,3M+2]: for each moment two coordinates in the thing's own frame
    and how near they are; then how far the cell is, in heights of the picture."""
    place = layout[..., None, None, :] / columns.PLACE_SCALE
    down = 0.5 - (torch.arange(rows, device=layout.device) + 0.5) / rows
    across = (torch.arange(columns_, device=layout.device) + 0.5 - columns_ / 2) / rows
    x = across[None, :, None] - place[..., columns.X]
    y = down[:, None, None] - place[..., columns.Y]
    radius = layout[..., None, None, columns.RADIUS] / columns.RADIUS_SCALE + columns.RADIUS_MIDDLE
    radius = radius.clamp_min(LEAST_RADIUS)
    cosine, sine = layout[..., None, None, columns.COSINE], layout[..., None, None, columns.SINE]
    u, v = ((cosine * x + sine * y) / radius, (cosine * y - sine * x) / radius)
    near = torch.exp(-0.5 * (u.square() + v.square()))
    ways = [part.clamp(-FARTHEST, FARTHEST) for part in (u, v)]
    far = [part.mean(-1, keepdim=True).expand(*near.shape[:-1], 1) for part in (x, y)]
    return torch.cat([*ways, near, *far], dim=-1)
