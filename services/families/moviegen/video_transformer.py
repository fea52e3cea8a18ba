"""Video transformer (paper, sections 3.1.3 and 5): velocity of video latents under text.

Shapes: B batch, T h w latent frames, rows and columns, N = T h/2 w/2 tokens, D width, L text tokens, S side
of a portrait, K slots and A columns of a layout.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from services.contract.cast import TASKS
from services.families.moviegen.character_encoder import CharacterEncoder, CharacterParams
from services.families.moviegen.copying import Copying, carried
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
from services.families.moviegen.layout_field import LayoutField, LayoutFieldParams
from services.families.moviegen.refining import Refiner, RefinerParams, per_frame, weighed

CHARACTER = TASKS.index("character")
TASK_TOKENS = 4
PATCH = (1, 2, 2)
NEAREST = 0.1
"""Time left to the data below which the velocity from predicted data is not trusted to a division."""


@dataclass(frozen=True)
class VideoTransformerParams:
    """Shape of a video transformer; the `max_` are sizes of the position tables, in patches."""

    width: int
    layers: int
    heads: int
    hidden: int
    text_width: int
    latent_channels: int = 16
    condition_channels: int = 17
    max_frames: int = 48
    max_rows: int = 16
    max_columns: int = 16
    qk_norm: bool = True
    predicts_data: bool = False
    """The last layer gives the clean latents, and the velocity follows from them: ours, for narrow networks,
    which need not carry the noise of every token from end to end."""
    copies: bool = False
    """Cells of predicted data can be taken from what is given: ours, see `copying`."""
    refiner: RefinerParams | None = None
    """Of what mends predicted data cell by cell: ours, see `refining`."""
    character: CharacterParams | None = None
    """Of what sees characters as tokens; None where there are none (the upsampler)."""
    layout: LayoutFieldParams | None = None
    """Of what sees layouts, where there are any: ours, see `layout_field`."""


class PositionTables(nn.Module):
    """Factorized learned positions: one table for each of time, row and column, summed.

    Each starts as sinusoids in its own third of the channels, so that a position
    never trained lies between its neighbours.
    """

    def __init__(self, params: VideoTransformerParams) -> None:
        super().__init__()
        sizes = (params.max_frames, params.max_rows, params.max_columns)
        third = params.width // 6 * 2
        shares = (params.width - 2 * third, third, third)
        tables = []
        for axis, (size, share) in enumerate(zip(sizes, shares, strict=True)):
            # Small, since the sum comes in again at each layer.
            waves = 0.25 * sinusoids(torch.arange(size), share, float(size))
            before, after = sum(shares[:axis]), sum(shares[axis + 1 :])
            tables.append(nn.Parameter(torch.nn.functional.pad(waves, (before, after))))
        self.time, self.row, self.column = tables

    def forward(self, frames: int, rows: int, columns: int) -> Tensor:
        """The sum [1,N,D]."""
        time = self.time[:frames, None, None]
        row = self.row[None, :rows, None]
        column = self.column[None, None, :columns]
        return (time + row + column).flatten(0, 2)[None]


class VideoTransformer(nn.Module):
    """A diffusion transformer over video patches, with full attention in space and time."""

    def __init__(self, params: VideoTransformerParams) -> None:
        super().__init__()
        self.params = params
        width = params.width
        channels = params.latent_channels + params.condition_channels
        self.patches = nn.Conv3d(channels, width, PATCH, stride=PATCH, bias=False)
        self.positions = PositionTables(params)
        self.text = TextProjection(params.text_width, width)
        self.task_tokens = nn.Parameter(torch.randn(len(TASKS), TASK_TOKENS, width))
        self.task_time = nn.Parameter(torch.zeros(len(TASKS), width))
        self.time = TimeEmbedding(width)
        self.modulation = SharedModulation(width)
        self.blocks = nn.ModuleList(
            Block(width, params.heads, SwiGLU(width, params.hidden), params.qk_norm)
            for _ in range(params.layers)
        )
        self.velocity = Velocity(width, 4 * params.latent_channels)
        if params.copies:
            self.copying = Copying(width)
        if params.refiner is not None:
            self.refiner = Refiner(params.refiner, params.latent_channels, params.condition_channels, width)
        if params.character is not None:
            self.character = CharacterEncoder(params.character, params.latent_channels, width)
        if params.layout is not None:
            self.layout = LayoutField(params.layout)
            self.laid_out_tokens = nn.Conv3d(params.layout.features, width, PATCH, stride=PATCH, bias=False)
            if params.refiner is not None:
                self.laid_out_cells = nn.Conv2d(
                    params.layout.features, 2 * params.refiner.width, 1, bias=False
                )
        initialize(self)
        nn.init.zeros_(self.patches.weight[:, params.latent_channels :])
        if params.layout is not None:
            nn.init.zeros_(self.laid_out_tokens.weight)
            if params.refiner is not None:
                nn.init.zeros_(self.laid_out_cells.weight)
        if params.refiner is not None:
            self.refiner.start()

    def forward(
        self,
        latents: Tensor,
        condition: Tensor,
        timestep: Tensor,
        task: Tensor,
        text: Tensor,
        text_mask: Tensor,
        character: Tensor | None = None,
        layout: Tensor | None = None,
    ) -> Tensor:
        """Velocity [B,C,T,h,w] of latents [B,C,T,h,w] (h and w even).

        condition [B,condition channels,T,h,w], timestep [B] in [0,1], task int64 [B],
        text [B,L,text width], text_mask [B,L] with 1 for a token and 0 for a pad, character [B,C,S,S] the
        latents of a portrait, where the network takes one: hidden from all tasks but its own, and None does
        for a batch of others. layout [B,K,T,A] likewise, zeros or None for none.
        """
        given = torch.cat([latents, condition], dim=1)
        x = self.patches(given)
        field = None if layout is None else self.layout(layout, *latents.shape[3:])
        if field is not None:
            x = x + self.laid_out_tokens(field)
        grid = x.shape[2:]
        # Where tokens lie apart in memory, compiled blocks have wrong gradients (torch 2.13, dynamic shapes).
        x = x.flatten(2).transpose(1, 2).contiguous()
        position = self.positions(*grid)
        context, seen = self._context(task, text, text_mask, character)
        text_bias = mask_bias(seen)
        time = self.time(timestep) + self.task_time[task]
        modulation = self.modulation(time)
        for block in self.blocks:
            x = block(x + position, modulation, context, text_bias)
        y = self._unpatch(self.velocity(x, time), grid)
        if not self.params.predicts_data:
            return y
        if self.params.refiner is not None:
            said = None if field is None else self.laid_out_cells(per_frame(field))
            more, doubt = self.refiner(x, time, given, y, said)
            y = weighed(y + more, doubt, latents, timestep)
        if self.params.copies:
            source, there = carried(condition)
            y = y + self.copying(x, time, grid, there) * (source - y)
        left = (1.0 - timestep).clamp_min(NEAREST)[:, None, None, None, None]
        return (y - latents) / left

    def _context(
        self, task: Tensor, text: Tensor, text_mask: Tensor, character: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Tokens of task, text and character, and their mask."""
        tokens = self.task_tokens[task]
        parts, masks = [tokens, self.text(text)], [torch.ones_like(tokens[:, :, 0]), text_mask]
        if character is not None:
            parts.append(self.character(character))
            shown = (task == CHARACTER).to(text_mask.dtype)[:, None]
            masks.append(shown.expand(-1, parts[-1].shape[1]))
        return torch.cat(parts, dim=1), torch.cat(masks, dim=1)

    def _unpatch(self, x: Tensor, grid: torch.Size) -> Tensor:
        """[B, T h/2 w/2, 2*2*C] to [B,C,T,h,w]."""
        frames, rows, columns = grid
        x = x.reshape(-1, frames, rows, columns, 2, 2, self.params.latent_channels)
        x = x.permute(0, 6, 1, 2, 4, 3, 5)
        return x.reshape(-1, self.params.latent_channels, frames, 2 * rows, 2 * columns)
