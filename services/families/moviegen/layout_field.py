"""Layout field: what a layout says about each cell of the latents.

A small network knows the outlines of kinds of things: it sees a point as the thing sees it, from its middle,
turned as it is turned and in its radii, and says how much the thing covers around there. What is covered is
then painted as the thing is. Ours: layouts are not in the paper.

Shapes: B batch, K slots, T h w latent frames, rows, columns, A columns of a layout, M moments, Q quarters of
a cell, S quarters of these, E what else is said of a point, F features.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from services.contract import layout as columns

LEAST_RADIUS = 0.02
FARTHEST = 4.0
"""Radii from a thing beyond which all places look alike."""
SIDE = 2
QUARTERS = SIDE * SIDE


@dataclass(frozen=True)
class LayoutFieldParams:
    """Shape of a layout field: width and depth of its outlines, how much more they say of a point, and
    features of a cell."""

    width: int = 32
    depth: int = 2
    more: int = 4
    features: int = 96


class Outlines(nn.Module):
    """How much a thing covers around points: layers modulated by what it is."""

    def __init__(self, params: LayoutFieldParams) -> None:
        super().__init__()
        width, depth = params.width, params.depth
        self.seen = nn.Linear(3, width)
        self.known = nn.Linear(columns.COLUMNS, 2 * depth * width)
        self.mix = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.say = nn.Linear(width, QUARTERS + params.more)

    def forward(self, layout: Tensor, rows: int, columns_: int) -> tuple[Tensor, Tensor]:
        """Layout [B,K,T,A] gives logits of what is covered, [B,K,T,h,w,M,Q,S], and what else there is to say,
        [B,K,T,h,w,M,Q,E]."""
        x = self.seen(points(layout, rows, columns_))
        known = self.known(layout)[:, :, :, None, None, None, None]
        scales, shifts = (part.chunk(len(self.mix), dim=-1) for part in known.chunk(2, dim=-1))
        for layer, scale, shift in zip(self.mix, scales, shifts, strict=True):
            x = x + layer(F.silu(x * (1.0 + scale) + shift))
        said = self.say(F.silu(x))
        return said[..., :QUARTERS], said[..., QUARTERS:]


class LayoutField(nn.Module):
    """Features of cells under a layout; none where no thing is there."""

    def __init__(self, params: LayoutFieldParams) -> None:
        super().__init__()
        self.outlines = Outlines(params)
        self.cell = nn.Linear(columns.MOMENTS * QUARTERS * (QUARTERS + params.more), params.features)
        self.paint = nn.Linear(columns.COLUMNS, 2 * params.features)

    def forward(self, layout: Tensor, rows: int, columns_: int) -> Tensor:
        """Layout [B,K,T,A] gives [B,F,T,h,w] for h `rows` and w `columns_`."""
        covered, more = self.outlines(layout, rows, columns_)
        cell = self.cell(torch.cat([torch.sigmoid(covered), F.silu(more)], dim=-1).flatten(-3))
        scale, shift = self.paint(layout)[:, :, :, None, None].chunk(2, dim=-1)
        there = layout[..., columns.THERE].clamp(0.0, 1.0)[:, :, :, None, None]
        painted = (cell * (1.0 + scale) + shift) * there
        field: Tensor = painted.sum(1).permute(0, 4, 1, 2, 3)
        return field


def points(layout: Tensor, rows: int, columns_: int) -> Tensor:
    """Middles of the quarters of cells as things see them, [B,K,T,h,w,M,Q,3]: two coordinates in the thing's
    own frame, and a cell's height in its radii."""
    place = layout[:, :, :, None, None, :, None]
    device = layout.device
    down = 0.5 - (torch.arange(rows * SIDE, device=device) + 0.5) / (rows * SIDE)
    across = (torch.arange(columns_ * SIDE, device=device) + 0.5 - columns_ * SIDE / 2) / (rows * SIDE)
    # [h,1,1,Q] and [1,w,1,Q]
    down = down.view(rows, 1, 1, SIDE, 1).expand(-1, -1, -1, -1, SIDE).flatten(3)
    across = across.view(1, columns_, 1, 1, SIDE).expand(-1, -1, -1, SIDE, -1).flatten(3)
    x = across - place[..., columns.X, :] / columns.PLACE_SCALE
    y = down - place[..., columns.Y, :] / columns.PLACE_SCALE
    radius = place[..., columns.RADIUS, :] / columns.RADIUS_SCALE + columns.RADIUS_MIDDLE
    radius = radius.clamp_min(LEAST_RADIUS)
    cosine, sine = place[..., columns.COSINE, :] / radius, place[..., columns.SINE, :] / radius
    u, v = cosine * x + sine * y, cosine * y - sine * x
    u, v = (part.clamp(-FARTHEST, FARTHEST) for part in (u, v))
    return torch.stack([u, v, (1.0 / (rows * radius)).expand_as(u)], dim=-1)
