"""Losses and measures of pictures [N,3,H,W] in [-1, 1] and of latents."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def squared(difference: Tensor, regard: Tensor) -> Tensor:
    """Mean square of a difference [N,C,H,W], weighted by `regard` [N,1,H,W]."""
    return (difference.square() * regard).mean() / regard.mean()


def edges(difference: Tensor, regard: Tensor, scales: int = 3) -> Tensor:
    """Mean square of the gradients of a difference [N,3,H,W] of pictures at full, half, quarter ... size.

    `regard` [N,1,H,W] weighs the places.

    Squared, as pixels are: most of a drawn picture is flat and right already, and absolute differences hold a
    network at the flat parts, whose many small errors outweigh the few large ones at the edges.
    """
    total = torch.zeros((), device=difference.device)
    for scale in range(scales):
        if scale:
            difference, regard = F.avg_pool2d(difference, 2), F.avg_pool2d(regard, 2)
        across = difference[..., 1:] - difference[..., :-1]
        down = difference[..., 1:, :] - difference[..., :-1, :]
        total = total + squared(across, regard[..., 1:]) + squared(down, regard[..., 1:, :])
    return total / scales


def kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Mean divergence from a standard normal, in nats an element."""
    return 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).mean()


def outliers(latents: Tensor, limit: float = 3.0) -> Tensor:
    """How far latents [B,C,T,h,w] lie beyond `limit` deviations of their film, mean (paper, 3.1.1)."""
    axes = tuple(range(2, latents.dim()))
    centre = latents.mean(axes, keepdim=True)
    spread = latents.std(axes, keepdim=True) + 1e-6
    return F.relu((latents - centre).abs() - limit * spread).mean()


def psnr(x: Tensor, y: Tensor) -> float:
    """Peak signal to noise ratio in dB of signals in [-1, 1]."""
    error = float((x.clamp(-1, 1) - y).square().mean())
    return 10 * math.log10(4.0 / max(error, 1e-10))


def ssim(x: Tensor, y: Tensor) -> float:
    """Structural similarity of pictures, over windows of 7x7 pixels."""
    x, y = (x.clamp(-1, 1) + 1) / 2, (y + 1) / 2
    mean_x, mean_y = F.avg_pool2d(x, 7, 1), F.avg_pool2d(y, 7, 1)
    var_x = F.avg_pool2d(x * x, 7, 1) - mean_x**2
    var_y = F.avg_pool2d(y * y, 7, 1) - mean_y**2
    both = F.avg_pool2d(x * y, 7, 1) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    top = (2 * mean_x * mean_y + c1) * (2 * both + c2)
    return float((top / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))).mean())
