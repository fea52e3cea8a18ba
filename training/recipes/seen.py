"""Films as a visual encoder will see them: small, and as a young video model shows them rather than as drawn.

At inference frames come out of an autoencoder, after a transformer that errs. So a part of the training films
goes through the linear half of the autoencoder, some noise added to its latents; others are only roughened.
"""

import random
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from services.contract.tensors import VIDEO_DECODER, VIDEO_ENCODER
from training.recipes.batches import to_video
from training.recipes.files import frozen
from training.recipes.order import Order

SIDE = 96
THROUGH = 0.65
LATENT_NOISE = (0.0, 0.05, 0.1, 0.2)


class Autoencoder:
    """The linear half of the picture's autoencoder: fast, and it blurs as pictures will be blurred."""

    def __init__(self, encoder: Path, decoder: Path, device: str) -> None:
        """`encoder` and `decoder` are the files of their weights."""
        networks = [frozen(encoder, VIDEO_ENCODER, device), frozen(decoder, VIDEO_DECODER, device)]
        self.encoder, self.decoder = (network.get_submodule("blocks") for network in networks)

    def through(self, video: Tensor, noise: float) -> Tensor:
        """Video [B,3,F,H,W] encoded and decoded, with noise of a deviation added to latents."""
        latents = self.encoder(video, -(-video.shape[2] // 8))
        decoded: Tensor = self.decoder(latents + noise * torch.randn_like(latents))
        return decoded[:, :, : video.shape[2]].clamp(-1, 1)


def autoencoder(order: Order, beginning: bool = False) -> Autoencoder | None:
    """The autoencoder, if there is one; as its training began, if so wanted and known."""
    wanted = (order.beginning, order.checkpoint) if beginning else (order.checkpoint,)
    for kind in wanted:
        encoder, decoder = kind(VIDEO_ENCODER), kind(VIDEO_DECODER)
        if encoder.exists() and decoder.exists():
            return Autoencoder(encoder, decoder, order.device)
    return None


def squash(video: Tensor) -> Tensor:
    """Video [B,3,F,H,W] as frames [B,F,3,SIDE,SIDE]."""
    frames = video.transpose(1, 2)
    small = F.interpolate(frames.flatten(0, 1), size=(SIDE, SIDE), mode="bilinear", antialias=True)
    return small.reshape(*frames.shape[:2], *small.shape[1:])


def seen(pixels: Tensor, codec: Autoencoder | None, chance: random.Random) -> Tensor:
    """Frames [B,F,3,SIDE,SIDE] in about [-1, 1] of films, bytes [B,F,H,W,3], all in one of the ways."""
    video = to_video(pixels)
    if codec is None or chance.random() > THROUGH:
        return roughened(squash(video))
    frames = squash(codec.through(video, chance.choice(LATENT_NOISE)))
    return frames if chance.random() < 0.5 else roughened(frames)


def blurred(frames: Tensor, reach: int) -> Tensor:
    """Frames [N,3,s,s], each pixel the mean of those up to `reach` away."""
    padded = F.pad(frames, (reach, reach, reach, reach), mode="replicate")
    return F.avg_pool2d(padded, 2 * reach + 1, 1)


def roughened(frames: Tensor) -> Tensor:
    """Frames [B,F,3,s,s] blurred, dimmed, tinted and noisy, each film in its own way."""
    count, device = len(frames), frames.device
    amount = torch.rand(count, 1, 1, 1, 1, device=device)
    little = blurred(frames.flatten(0, 1), 1)
    much = blurred(little, 2).view_as(frames)
    little = little.view_as(frames)
    # From sharp to a little blurred to much; a third stays nearly sharp.
    frames = frames + (3 * amount).clamp_max(1) * (little - frames)
    frames = frames + (1.5 * (amount - 0.35)).clamp(0, 1) * (much - frames)
    level = 1.0 + 0.1 * torch.randn(count, 1, 1, 1, 1, device=device)
    tint = 0.05 * torch.randn(count, 1, 3, 1, 1, device=device)
    grain = 0.07 * torch.rand(count, 1, 1, 1, 1, device=device) * torch.randn_like(frames)
    return frames * level + tint + grain + 0.1 * torch.rand(count, 1, 1, 1, 1, device=device) * clouds(frames)


def clouds(frames: Tensor) -> Tensor:
    """Noise like frames [B,F,3,s,s] whose grains are an eighth of a side wide."""
    shape = frames.flatten(0, 1).shape
    coarse = torch.randn((*shape[:2], 12, 12), device=frames.device)
    fine = F.interpolate(coarse, size=shape[2:], mode="bilinear")
    return fine.view_as(frames)


def look(network: nn.Module, frames: Tensor) -> Tensor:
    """Visual features [B,F,D] of frames [B,F,3,s,s]."""
    features: Tensor = network(frames.flatten(0, 1))
    return features.reshape(*frames.shape[:2], -1)
