"""Upsampler: parts of frames, true and from the autoencoder, against close-ups of the same scene."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from services.contract.tensors import UPSAMPLER, VIDEO_DECODER, VIDEO_ENCODER
from services.families.moviegen.upsampler import resize
from training.recipes import losses
from training.recipes.batches import Batches, to_pixels, to_signal, to_video
from training.recipes.feed import Feed, FeedPlan
from training.recipes.files import frozen, grid, write_png
from training.recipes.loop import Learner, end, learn, place
from training.recipes.memory import unfinished
from training.recipes.order import Order
from training.recipes.sources import PairPlan, close_ups
from training.recipes.trainer import Schedule, Trainer, autocast, prepare

SCHEDULE = Schedule(peak=2e-3, warmup=0.03, weight_decay=0.0)
CLEAN = 0.5
LATENT_NOISE = 0.2
# Below this squared error of 8-bit codes nothing is to be gained.
SMALL = 5.0 / 127.5**2


@dataclass(frozen=True)
class Size:
    """Films in a batch, and what is shown of each."""

    batch: int
    pairs: PairPlan


def size_of(order: Order) -> Size:
    """What the machine can bear."""
    if order.smoke:
        return Size(1, PairPlan(frames=2, shown=(0,), side=16, size=(64, 64)))
    return Size(8, PairPlan()) if order.on_gpu else Size(2, PairPlan(frames=8, shown=(2, 5), side=48))


class Recipe(Learner):
    """One run: the network, the frozen autoencoder, the loss, the measures and files."""

    def __init__(self, order: Order) -> None:
        self.order, self.size = order, size_of(order)
        self.trainer = Trainer(order, (UPSAMPLER,), SCHEDULE)
        self.network = self.trainer.networks[UPSAMPLER]
        self.encoder, self.decoder = (
            frozen(order.checkpoint(name), name, order.device) for name in (VIDEO_ENCODER, VIDEO_DECODER)
        )
        plan = replace(self.size.pairs, shown=self.size.pairs.shown[:1], split="heldout")
        samples = [close_ups(9_000_000 + n, plan).arrays for n in range(4)]
        stacked = {name: torch.stack([torch.from_numpy(s[name]) for s in samples]) for name in samples[0]}
        self.heldout = {name: tensor.to(order.device) for name, tensor in stacked.items()}

    @torch.no_grad()
    def low(self, pixels: Tensor, noise: float) -> Tensor:
        """Base frames [B,F,3,H,W] of films, bytes [B,F,H,W,3], through the autoencoder.

        On the latents lies noise of any strength up to `noise`.
        """
        video = to_video(pixels)
        with autocast(self.order):
            latents = self.encoder(video)
            if noise:
                strength = noise * torch.rand(len(latents), 1, 1, 1, 1, device=latents.device)
                latents = latents + strength * torch.randn_like(latents)
            decoded: Tensor = self.decoder(latents)[:, :, : video.shape[2]].float().clamp(-1, 1)
        return decoded.transpose(1, 2)

    def pairs(
        self, tensors: dict[str, Tensor], shown: tuple[int, ...], noise: float
    ) -> tuple[Tensor, Tensor]:
        """Input [N,3,s,s] and target [N,3,S,S]."""
        side = self.size.pairs.side
        frames = self.low(tensors["video"], noise)
        if noise:
            clean = to_video(tensors["video"]).transpose(1, 2)
            keep = torch.rand(len(frames), device=frames.device) < CLEAN
            frames = torch.where(keep[:, None, None, None, None], clean, frames)
        crops = [
            frame[list(shown), :, top : top + side, left : left + side]
            for frame, (top, left) in zip(frames, tensors["place"].tolist(), strict=True)
        ]
        target = to_signal(tensors["target"].flatten(0, 1)).permute(0, 3, 1, 2)
        return torch.cat(crops), target

    def enlarged(self, low: Tensor, side: int) -> Tensor:
        """The network's frames [N,3,S,S] of the input."""
        with autocast(self.order):
            fine = self.network.rgb(low)  # type: ignore[operator]
        return resize(fine.float(), side, side)

    def loss(self, tensors: dict[str, Tensor]) -> Tensor:
        """Squared error against that of bilinear interpolation, for each close-up: as a gain in dB counts.

        So a soft picture weighs no less than a busy one, and a true frame no less than a decoded one.
        """
        low, target = self.pairs(tensors, self.size.pairs.shown, LATENT_NOISE)
        side = target.shape[-1]
        error, plain = (
            (fine - target).square().mean((1, 2, 3))
            for fine in (self.enlarged(low, side), resize(low, side, side))
        )
        loss: Tensor = (error / (plain + SMALL)).mean()
        return loss

    def turn(self, batches: Batches) -> None:
        """A step on the next films."""
        self.trainer.step(partial(self.loss, batches.next().to(self.order.device)))

    @torch.no_grad()
    def held_out(self) -> tuple[Tensor, Tensor, Tensor]:
        """Close-ups of films held out: by bilinear interpolation, by the network, true."""
        with self.trainer.averaged():
            low, target = self.pairs(self.heldout, (self.size.pairs.shown[0],), 0.0)
            side = target.shape[-1]
            return resize(low, side, side), self.enlarged(low, side), target

    def save(self) -> None:
        """Measure against bilinear interpolation on films held out, and write the network."""
        plain, fine, target = self.held_out()
        self.trainer.journal.write(
            psnr_db=losses.psnr(fine, target),
            bilinear_psnr_db=losses.psnr(plain, target),
            ssim=losses.ssim(fine, target),
        )
        self.trainer.save(UPSAMPLER)

    def sheet(self, path: Path, full: bool) -> None:  # noqa: ARG002
        """Close-ups of films held out: interpolated, by the network, true."""
        rows = torch.stack([to_pixels(v)[..., ::2, ::2, :] for v in self.held_out()], dim=1)
        write_png(path.with_suffix(".png"), grid(rows))


def run(order: Order) -> None:
    """Train from the moment the autoencoder is final until the run is over."""
    prepare(order, few_shapes=True)
    size, saved = size_of(order), unfinished(order)
    fine = len(size.pairs.shown) * size.pairs.fine_side**2
    slot = 3 * (fine + size.pairs.frames * size.pairs.size[0] * size.pairs.size[1]) + 512
    plan = FeedPlan(order.workers, 64, slot, 30_000_000 * (order.seed + 1), place(saved))
    with Feed(partial(close_ups, plan=size.pairs), plan) as feed:
        order.wait_for(VIDEO_ENCODER, VIDEO_DECODER)
        recipe = Recipe(order)
        with Batches(feed, lambda _: size.batch, order.on_gpu) as batches:
            learn(recipe, batches, saved)
    end(order, recipe, UPSAMPLER)
