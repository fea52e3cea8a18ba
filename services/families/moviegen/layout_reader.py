"""Layout reader: what the latents of a film show, as a layout says it. Ours: layouts are not in the paper.

Each cell says which thing it is of and where this is; the ground is a mean over the cells of a latent frame.

Shapes: B batch, C latent channels, T h w latent frames, rows, columns, A columns of a layout, R width.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from services.contract import layout as columns

GROUND_PLACE = columns.RADIUS.stop - columns.X.start


@dataclass(frozen=True)
class LayoutReaderParams:
    """Shape of a layout reader: its width, and how far apart the taps of each pair of convolutions are."""

    latent_channels: int
    width: int = 96
    dilations: tuple[int, ...] = (1, 2, 1, 4)


class ReaderBlock(nn.Module):
    """Two convolutions over the cells of a latent frame."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, width)
        self.first = nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """[BT,R,h,w] to the same."""
        y = self.second(F.silu(self.first(F.silu(self.norm(x)))))
        z: Tensor = x + y
        return z


class LayoutReader(nn.Module):
    """Rows of layouts from latents."""

    def __init__(self, params: LayoutReaderParams) -> None:
        super().__init__()
        self.params = params
        self.seen = nn.Conv2d(params.latent_channels, params.width, 3, padding=1)
        self.blocks = nn.Sequential(*(ReaderBlock(params.width, dilation) for dilation in params.dilations))
        self.say = nn.Conv2d(params.width, columns.COLUMNS + GROUND_PLACE + 1, 1)

    def forward(self, latents: Tensor) -> Tensor:
        """Latents [B,C,T,h,w] give rows of a layout [B,T,hw+1,A]: of the thing that each cell shows, and last
        of the ground."""
        batch, _, _, rows, across = latents.shape
        x = self.seen(latents.transpose(1, 2).flatten(0, 1))
        said = self.say(F.silu(self.blocks(x))).flatten(2).transpose(1, 2)
        thing, ground, sure = said.split([columns.COLUMNS, GROUND_PLACE, 1], dim=-1)
        ground = (ground * sure.softmax(1)).sum(1, keepdim=True)
        seen = torch.cat([thing + here(rows, across, x.device), ground_row(ground)], dim=1)
        return seen.reshape(batch, -1, *seen.shape[1:])


def ground_row(place: Tensor) -> Tensor:
    """The row [...,A] of a ground with these columns of its place."""
    row = torch.full((columns.COLUMNS,), -1.0, device=place.device)
    row[columns.THERE] = row[columns.KIND.stop - 1] = 1.0
    row[columns.COSINE], row[columns.SINE] = 1.0, 0.0
    before, after = row[: columns.X.start], row[columns.RADIUS.stop :]
    like = place.shape[:-1]
    return torch.cat([before.expand(*like, -1), place, after.expand(*like, -1)], dim=-1)


def here(rows: int, across: int, device: torch.device) -> Tensor:
    """What the place of each cell adds to a row of a thing that is said from there, [hw,A]."""
    y = 0.5 - (torch.arange(rows, device=device) + 0.5) / rows
    x = (torch.arange(across, device=device) + 0.5 - across / 2) / rows
    grid = torch.stack([x.expand(rows, -1), y[:, None].expand(-1, across)], dim=-1).flatten(0, 1)
    places = columns.PLACE_SCALE * grid.repeat_interleave(columns.MOMENTS, dim=1)
    return F.pad(places, (columns.X.start, columns.COLUMNS - columns.Y.stop))
