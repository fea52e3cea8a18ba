"""Refining: a few convolutions over cells mend what the tokens of a narrow transformer cannot carry.

They also say how far to trust the prediction against what is seen through the noise. Ours: a token of four
cells has as many numbers as the transformer is wide, which gives back less of nearly clean latents than these
show.

Shapes: B batch, C latent channels, T h w latent frames, rows, columns, N = T h/2 w/2 tokens, D width, R width
of the refiner.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LEAST, MOST = -8.0, 2.0
"""Bounds of the logarithm of a variance."""
AT_FIRST = -2.5


@dataclass(frozen=True)
class RefinerParams:
    """Shape of a refiner: its width, and how many pairs of convolutions it has."""

    width: int = 96
    blocks: int = 3


class RefinerBlock(nn.Module):
    """Two convolutions over the cells of a latent frame, modulated by time."""

    def __init__(self, width: int, time_width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.time = nn.Linear(time_width, 2 * width)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """x [BT,R,h,w], time [BT,D]; gives [BT,R,h,w]."""
        scale, shift = self.time(F.silu(time))[:, :, None, None].chunk(2, dim=1)
        y = x / torch.sqrt(x.square().mean(1, keepdim=True) + 1e-6)
        y = self.first(F.silu(y * (1.0 + scale) + shift))
        z: Tensor = x + self.second(F.silu(y))
        return z


class Refiner(nn.Module):
    """What is to be added to predicted latents, and the doubt that is left in them."""

    def __init__(self, params: RefinerParams, channels: int, condition: int, time_width: int) -> None:
        """For latents of `channels` under a condition of so many."""
        super().__init__()
        width = params.width
        self.tokens = nn.Linear(time_width, 4 * width)
        self.seen = nn.Conv2d(channels + condition, width, 3, padding=1)
        self.drawn = nn.Conv2d(channels, width, 1)
        self.blocks = nn.ModuleList(RefinerBlock(width, time_width) for _ in range(params.blocks))
        self.last = nn.Conv2d(width, 2 * channels, 3, padding=1)

    def start(self) -> None:
        """Weights with which it changes nothing yet, and hardly trusts what is seen."""
        for block in self.blocks:
            assert isinstance(block, RefinerBlock)
            nn.init.zeros_(block.time.weight)
            with torch.no_grad():
                block.second.weight.mul_(0.1)
        nn.init.zeros_(self.last.weight)
        assert self.last.bias is not None
        nn.init.zeros_(self.last.bias)
        nn.init.constant_(self.last.bias[len(self.last.bias) // 2 :], AT_FIRST)

    def forward(
        self, x: Tensor, time: Tensor, seen: Tensor, drawn: Tensor, said: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """What to add to `drawn` [B,C,T,h,w], and the logarithm of the variance of its error, the same shape.

        Tokens x [B,N,D], time [B,D], `seen` [B,C+condition,T,h,w] noisy latents and condition, `said`
        [BT,2R,h,w] what else is known of cells: how much more there is of what is thought, and what to add.
        """
        frames, rows, columns = seen.shape[2:]
        thought = self.tokens(x).reshape(-1, rows // 2, columns // 2, 2, 2, self.tokens.out_features // 4)
        thought = thought.permute(0, 5, 1, 3, 2, 4).flatten(4).flatten(2, 3)
        y = thought + self.seen(per_frame(seen)) + self.drawn(per_frame(drawn))
        if said is not None:
            # An edge is an outline times a contrast.
            scale, shift = said.chunk(2, dim=1)
            y = y * (1.0 + scale) + shift
        moment = time[:, None].expand(-1, frames, -1).flatten(0, 1)
        for block in self.blocks:
            y = block(y, moment)
        y = self.last(y).unflatten(0, (-1, frames)).transpose(1, 2)
        more, doubt = y.chunk(2, dim=1)
        return more, doubt.clamp(LEAST, MOST)


def per_frame(x: Tensor) -> Tensor:
    """[B,C,T,h,w] to [BT,C,h,w]."""
    return x.transpose(1, 2).flatten(0, 1)


def weighed(drawn: Tensor, doubt: Tensor, latents: Tensor, timestep: Tensor) -> Tensor:
    """The likeliest clean latents [B,C,T,h,w] of a prediction with an error of variance exp(doubt), and of
    noisy latents at timestep [B], which show the clean ones with an error of variance ((1 - t) / t)²."""
    t = timestep[:, None, None, None, None]
    variance, noise = torch.exp(doubt), (1.0 - t).square()
    return (noise * drawn + variance * t * latents) / (noise + variance * t.square())
