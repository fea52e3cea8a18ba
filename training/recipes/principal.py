"""Principal components of blocks of 8x8x8 pixels, as a start for the linear half of the autoencoder.

Closed form and seconds of work. Without it the deep halves of small networks learned brightness alone in the
first minutes, and colours never.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from services.families.moviegen.tae import BLOCK
from training.recipes.batches import to_video

FILMS = 100


def blocks(video: Tensor) -> Tensor:
    """Blocks [N,3*8*8*8] of video [B,3,F,H,W], colour first, then time, row and column; F a multiple of 8."""
    for axis in (2, 4, 6):
        video = video.unflatten(axis, (-1, BLOCK))  # type: ignore[no-untyped-call]
    return video.permute(0, 2, 4, 6, 1, 3, 5, 7).flatten(4).flatten(0, 3)


def components(films: Iterable[Tensor], count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Mean [D], directions [D,count] and deviations [count] of the blocks of films, bytes [F,H,W,3]."""
    total, products, number = torch.zeros(()), torch.zeros(()), 0
    for film in films:
        rows = blocks(to_video(film[None])).double()
        total = total.to(rows) + rows.sum(0)
        products = products.to(rows) + rows.T @ rows
        number += len(rows)
    mean = total / number
    values, directions = torch.linalg.eigh(products / number - torch.outer(mean, mean))
    return mean.float(), directions.flip(1)[:, :count].float(), values.flip(0)[:count].sqrt().float()


@torch.no_grad()
def start(encoder: nn.Module, decoder: nn.Module, films: Iterable[Tensor]) -> None:
    """Set the linear halves of both networks to the principal components of the films, whitened."""
    project, restore = encoder.get_submodule("blocks.project"), decoder.get_submodule("blocks")
    assert isinstance(project, nn.Conv3d)
    assert isinstance(restore, nn.ConvTranspose3d)
    assert project.bias is not None
    assert restore.bias is not None
    mean, directions, deviations = components(films, project.out_channels)
    project.weight.copy_((directions / deviations).T.reshape(project.weight.shape))
    project.bias.copy_(-mean @ (directions / deviations))
    restore.weight.copy_((directions * deviations).T.reshape(restore.weight.shape))
    # Over a block the mean is all but constant.
    restore.bias.copy_(mean.reshape(3, -1).mean(1))
