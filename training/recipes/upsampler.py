"""Upsampler: parts of base frames, as the autoencoder gives them, against close-ups of the same scene."""

from dataclasses import dataclass, replace
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from services.contract.tensors import UPSAMPLER, VIDEO_DECODER, VIDEO_ENCODER
from training.recipes import losses
from training.recipes.batches import Batches, to_pixels, to_signal, to_video
from training.recipes.feed import Feed, FeedPlan
from training.recipes.files import frozen, grid, write_png
from training.recipes.order import Order
from training.recipes.sources import PairPlan, close_ups
from training.recipes.trainer import Schedule, Trainer, autocast, prepare

SCHEDULE = Schedule(peak=1e-3, warmup=0.03, decay=0.998)
CLEAN = 0.25
LATENT_NOISE = 0.1
BORDER = 2


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


class Recipe:
    """One run: the network, the frozen autoencoder, the loss, the measures and files."""

    def __init__(self, order: Order) -> None:
        self.order, self.size = order, size_of(order)
        self.trainer = Trainer(order, (UPSAMPLER,), SCHEDULE)
        self.network = self.trainer.networks[UPSAMPLER]
        self.encoder: nn.Module | None = None
        self.decoder: nn.Module | None = None
        plan = replace(self.size.pairs, shown=self.size.pairs.shown[:1], split="heldout")
        samples = [close_ups(9_000_000 + n, plan).arrays for n in range(4)]
        stacked = {name: torch.stack([torch.from_numpy(s[name]) for s in samples]) for name in samples[0]}
        self.heldout = {name: tensor.to(order.device) for name, tensor in stacked.items()}

    def load_autoencoder(self) -> bool:
        """Whether the autoencoder is there; it is read as soon as it is final."""
        if self.encoder is None and self.order.mark(VIDEO_DECODER).exists():
            self.encoder, self.decoder = (
                frozen(self.order.checkpoint(name), name, self.order.device)
                for name in (VIDEO_ENCODER, VIDEO_DECODER)
            )
            self.trainer.journal.write(event="input is now decoded latents")
        return self.encoder is not None

    @torch.no_grad()
    def low(self, pixels: Tensor, noise: float) -> Tensor:
        """Base frames [B,F,3,H,W] of films, bytes [B,F,H,W,3], through the autoencoder if there is one."""
        video = to_video(pixels)
        if self.encoder is None or self.decoder is None:
            return video.transpose(1, 2)
        with autocast(self.order):
            latents = self.encoder(video)
            latents = latents + noise * torch.randn_like(latents)
            decoded: Tensor = self.decoder(latents)[:, :, : video.shape[2]].float().clamp(-1, 1)
        return decoded.transpose(1, 2)

    def pairs(
        self, tensors: dict[str, Tensor], shown: tuple[int, ...], noise: float
    ) -> tuple[Tensor, Tensor]:
        """Input [N,3,s,s] and target [N,3,8s,8s]."""
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

    def loss(self, tensors: dict[str, Tensor]) -> Tensor:
        """Loss of a batch; the outermost pixels of a crop lack what lies beside them and do not count."""
        low, target = self.pairs(tensors, self.size.pairs.shown, LATENT_NOISE)
        with autocast(self.order):
            fine = self.network.rgb(low).float()  # type: ignore[operator]
        edge = 8 * BORDER
        x, y = (v[..., edge:-edge, edge:-edge] for v in (fine, target))
        loss: Tensor = 20.0 * F.mse_loss(x, y) + 20.0 * losses.edges(x, y)
        return loss

    @torch.no_grad()
    def save(self) -> None:
        """Measure against bilinear interpolation on films held out; a picture of both and the truth."""
        with self.trainer.averaged():
            low, target = self.pairs(self.heldout, (self.size.pairs.shown[0],), 0.0)
            fine = self.network.rgb(low)  # type: ignore[operator]
            plain = F.interpolate(low, scale_factor=8.0, mode="bilinear", align_corners=False)
            self.trainer.journal.write(
                psnr_db=losses.psnr(fine, target),
                bilinear_psnr_db=losses.psnr(plain, target),
                ssim=losses.ssim(fine, target),
            )
        rows = torch.stack([to_pixels(v)[..., ::2, ::2, :] for v in (plain, fine, target)], dim=1)
        write_png(self.order.work / "upsampler.png", grid(rows))
        self.trainer.save(UPSAMPLER)


def run(order: Order) -> None:
    """Train until the order's time is up."""
    prepare(order, few_shapes=True)
    size = size_of(order)
    fine = len(size.pairs.shown) * (size.pairs.side * size.pairs.times) ** 2
    slot = 3 * (fine + size.pairs.frames * size.pairs.size[0] * size.pairs.size[1]) + 512
    plan = FeedPlan(order.workers, 64, slot, 30_000_000 * (order.seed + 1))
    with Feed(partial(close_ups, plan=size.pairs), plan) as feed:
        recipe = Recipe(order)
        with Batches(feed, lambda _: size.batch, order.on_gpu) as batches:
            while recipe.trainer.running:
                recipe.load_autoencoder()
                batch = batches.next()
                tensors = batch.to(order.device)
                recipe.trainer.step(partial(recipe.loss, tensors))
                if recipe.trainer.due():
                    recipe.save()
            recipe.save()
    order.finish(UPSAMPLER)
