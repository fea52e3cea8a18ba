"""Temporal autoencoder: encoder and decoder together, on windows of films and single images."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from services.contract.tensors import VIDEO_DECODER, VIDEO_ENCODER
from training.recipes import losses, principal
from training.recipes.batches import Batches, to_pixels, to_video
from training.recipes.feed import Bucket, Feed, FeedPlan
from training.recipes.files import grid, write_png
from training.recipes.order import Order
from training.recipes.sources import CropPlan, film_crop
from training.recipes.trainer import Schedule, Trainer, autocast, prepare

KL_WEIGHT = 1e-5
OUTLIER_WEIGHT = 0.01
# Noise on latents bounds what a decoder can learn: of a deviation of 0.14 it was 29 dB.
FIRST_LOG_VARIANCE = -7.0
# Steps of the usual size would take the principal components apart, whose weights are small.
SCHEDULE = Schedule(
    peak=1e-3, warmup=0.04, decay=0.995, slow=("blocks.project", "blocks.weight"), slow_part=0.01
)
# Whole pictures teach what borders look like, small windows give more steps a second.
GPU = CropPlan(((1, 144, 256), (16, 96, 96), (32, 96, 96), (16, 144, 256)), (0.12, 0.45, 0.30, 0.13))
CPU = CropPlan(((1, 96, 96), (16, 64, 64), (16, 96, 96), (32, 64, 64)), (0.1, 0.5, 0.25, 0.15), plain=True)
SMOKE = CropPlan(((1, 64, 64), (9, 32, 32), (8, 64, 64)), (0.3, 0.4, 0.3))


@dataclass(frozen=True)
class Size:
    """Pixels of a batch, films held out, slots of the ring."""

    crops: CropPlan
    pixels: int
    heldout: int = 6
    slots: int = 96

    def batch(self, bucket: Bucket) -> int:
        """Windows of a shape in a batch."""
        frames, height, width = bucket
        return max(1, min(48, self.pixels // (frames * height * width)))

    @property
    def slot_bytes(self) -> int:
        """The largest window."""
        return max(3 * frames * height * width for frames, height, width in self.crops.windows) + 64


def size_of(order: Order) -> Size:
    """What the machine can bear."""
    if order.smoke:
        return Size(SMOKE, 40_000, heldout=1, slots=16)
    return Size(GPU, 1_500_000) if order.on_gpu else Size(CPU, 66_000, heldout=2, slots=32)


def heldout(order: Order, size: Size) -> Tensor:
    """Films that training never sees, bytes [n,32,144,256,3] (fewer frames and pixels in a smoke test)."""
    window = (8, 64, 64) if order.smoke else (32, 144, 256)
    plan = CropPlan((window,), (1.0,), "heldout", plain=not order.on_gpu)
    films = [film_crop(9_000_000 + n, plan).arrays["video"] for n in range(size.heldout)]
    return torch.stack([torch.from_numpy(film) for film in films])


def examples(order: Order) -> Iterator[Tensor]:
    """Whole films to take principal components of."""
    plan = CropPlan(((32, 144, 256),), (1.0,), plain=not order.on_gpu)
    for seed in range(2 if order.smoke else principal.FILMS):
        yield torch.from_numpy(film_crop(8_000_000 + seed, plan).arrays["video"]).to(order.device)


class Recipe:
    """One run: the networks, their loss, their measures and files."""

    def __init__(self, order: Order) -> None:
        self.order, self.size = order, size_of(order)
        self.trainer = Trainer(order, (VIDEO_ENCODER, VIDEO_DECODER), SCHEDULE)
        self.encoder = self.trainer.networks[VIDEO_ENCODER]
        self.decoder = self.trainer.networks[VIDEO_DECODER]
        # While training the latents are plain; files get the latest statistics.
        for network in (self.encoder, self.decoder):
            network.get_buffer("mean").zero_()
            network.get_buffer("std").fill_(1.0)
        if not order.checkpoint(VIDEO_ENCODER).exists():
            principal.start(self.encoder, self.decoder, examples(order))
            self.trainer.restart_average()
        # Without a GPU there is no time for the encoder's deep half, and its linear half is a good code.
        self.linear = not order.on_gpu
        if self.linear:
            self.encoder.requires_grad_(False)
        self.heldout = heldout(order, self.size)
        self.recent: deque[Tensor] = deque(maxlen=24)

    def moments(self, video: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of the latents, float32."""
        if self.linear:
            mean = self.encoder.get_submodule("blocks")(video, -(-video.shape[2] // 8))
            return mean.float(), torch.full_like(mean, FIRST_LOG_VARIANCE)
        mean, log_variance = self.encoder.encode_moments(video)  # type: ignore[operator]
        # The offset makes the noise small at the start, when the decoder cannot see through it.
        return mean.float(), (log_variance.float() + FIRST_LOG_VARIANCE).clamp(-16, 4)

    def loss(self, pixels: Tensor) -> Tensor:
        """Loss of a batch, bytes [B,F,H,W,3]."""
        video = to_video(pixels)
        with autocast(self.order):
            mean, log_variance = self.moments(video)
            latents = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
            decoded = self.decoder(latents).float()
        # One frame stands for eight: the decoder shows it eight times.
        video = video.expand(-1, -1, 8, -1, -1) if video.shape[2] == 1 else video
        decoded = decoded[:, :, : video.shape[2]]
        x, y = (v.transpose(1, 2).flatten(0, 1) for v in (decoded, video))
        loss = 20.0 * F.mse_loss(x, y) + 10.0 * losses.edges(x, y)
        if video.shape[2] > 1:
            moved = (decoded[:, :, 1:] - decoded[:, :, :-1]) - (video[:, :, 1:] - video[:, :, :-1])
            loss = loss + 5.0 * moved.square().mean()
        return loss + KL_WEIGHT * losses.kl(mean, log_variance) + OUTLIER_WEIGHT * losses.outliers(mean)

    @torch.no_grad()
    def statistics(self) -> dict[str, Tensor]:
        """Mean and standard deviation [C] of latents of recent batches."""
        rows = []
        for pixels in self.recent:
            with autocast(self.order):
                mean, _ = self.moments(to_video(pixels[:8].to(self.order.device)))
            rows.append(mean.transpose(0, 1).flatten(1))
        values = torch.cat(rows, dim=1)
        return {"mean": values.mean(1), "std": values.std(1).clamp_min(1e-4)}

    @torch.no_grad()
    def measure(self) -> None:
        """Picture quality on films held out, and a picture of it: the film above, the decoded one below."""
        pairs = []
        for pixels in self.heldout:
            video = to_video(pixels[None].to(self.order.device))
            with autocast(self.order):
                decoded = self.decoder(self.moments(video)[0]).float()
            pairs.append((decoded[0].transpose(0, 1), video[0].transpose(0, 1)))
        self.trainer.journal.write(
            psnr_db=sum(losses.psnr(x, y) for x, y in pairs) / len(pairs),
            ssim=sum(losses.ssim(x, y) for x, y in pairs) / len(pairs),
        )
        rows = [to_pixels(v[:: max(1, len(v) // 6)][:6]) for x, y in pairs[:4] for v in (y, x)]
        write_png(self.order.work / "tae.png", grid(torch.stack(rows)))

    def save(self) -> None:
        """Measure, and write both networks with the statistics of their latents."""
        with self.trainer.averaged():
            self.measure()
            buffers = self.statistics()
        for name in (VIDEO_ENCODER, VIDEO_DECODER):
            self.trainer.save(name, buffers)


def run(order: Order) -> None:
    """Train until the order's time is up; leave both networks with the statistics of their latents."""
    prepare(order, few_shapes=True)
    size = size_of(order)
    plan = FeedPlan(order.workers, size.slots, size.slot_bytes, 10_000_000 * (order.seed + 1))
    with Feed(partial(film_crop, plan=size.crops), plan) as feed:
        recipe = Recipe(order)
        with Batches(feed, size.batch, order.on_gpu) as batches:
            while recipe.trainer.running:
                batch = batches.next()
                recipe.recent.append(batch.tensors["video"])
                count = max(1, int(len(batch.texts) * recipe.trainer.shrink))
                pixels = batch.tensors["video"][:count].to(order.device, non_blocking=True)
                recipe.trainer.step(partial(recipe.loss, pixels))
                if recipe.trainer.due():
                    recipe.save()
            recipe.save()
    order.finish(VIDEO_ENCODER)
    order.finish(VIDEO_DECODER)
