"""Temporal autoencoder: encoder and decoder together, on windows of films and single images."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from services.contract.tensors import VIDEO_DECODER, VIDEO_ENCODER
from training.recipes import losses, principal
from training.recipes.batches import Batches, to_pixels, to_video
from training.recipes.feed import Bucket, Feed, FeedPlan
from training.recipes.files import grid, write_png, write_weights
from training.recipes.lean import lean_on_cpu
from training.recipes.loop import Learner, end, learn, place
from training.recipes.memory import Memory, unfinished
from training.recipes.order import Order
from training.recipes.sources import CropPlan, film_crop
from training.recipes.trainer import Schedule, Trainer, autocast, prepare

KL_WEIGHT = 1e-5
OUTLIER_WEIGHT = 0.01
# Batches, and windows of each, that the statistics of the latents are taken of.
RECENT, OF_EACH = 24, 8
# Noise on latents bounds what a decoder can learn: of a deviation of 0.14 it was 29 dB.
FIRST_LOG_VARIANCE = -7.0
# A decoder that is trained alone gets its noise from `roughness`; this is all but none.
STILL_LOG_VARIANCE = -9.0
# Steps of the usual size would take the principal components apart, whose weights are small.
SCHEDULE = Schedule(peak=1e-3, warmup=0.04, decay=0.998, slow=("blocks.",), slow_part=0.01, muon_kernels=True)
# What moves is what a code of eight frames loses first, and it is a tenth of the picture.
THINGS, CENTRED = 7.0, 0.85
# The decoder hears latents as a transformer makes them: half of the windows with noise, up to this deviation.
ROUGH = 0.25
# Whole pictures teach what borders look like, small windows give more steps a second.
GPU = CropPlan(
    ((1, 144, 256), (16, 64, 64), (32, 96, 96), (16, 144, 256)), (0.10, 0.50, 0.28, 0.12), centred=CENTRED
)
CPU = CropPlan(
    ((1, 96, 96), (16, 64, 64), (16, 96, 96), (32, 64, 64)), (0.08, 0.62, 0.12, 0.18), centred=CENTRED
)
SMOKE = CropPlan(((1, 64, 64), (9, 32, 32), (8, 64, 64)), (0.3, 0.4, 0.3))


@dataclass(frozen=True)
class Size:
    """Pixels of a batch, films held out, slots of the ring, windows of a batch at the most."""

    crops: CropPlan
    pixels: int
    heldout: int = 6
    slots: int = 96
    most: int = 48

    def batch(self, bucket: Bucket) -> int:
        """Windows of a shape in a batch."""
        frames, height, width = bucket
        return max(1, min(self.most, self.pixels // (frames * height * width)))

    @property
    def slot_bytes(self) -> int:
        """The largest window."""
        return max(4 * frames * height * width for frames, height, width in self.crops.windows) + 128


def size_of(order: Order) -> Size:
    """What the machine can bear."""
    if order.smoke:
        return Size(SMOKE, 40_000, heldout=1, slots=16)
    return Size(GPU, 1_500_000) if order.on_gpu else Size(CPU, 300_000, heldout=2, slots=32, most=8)


def heldout(order: Order, size: Size) -> Tensor:
    """Films that training never sees, bytes [n,32,144,256,3] (fewer frames and pixels in a smoke test)."""
    window = (8, 64, 64) if order.smoke else (32, 144, 256)
    plan = CropPlan((window,), (1.0,), "heldout")
    films = [film_crop(9_000_000 + n, plan).arrays["video"] for n in range(size.heldout)]
    return torch.stack([torch.from_numpy(film) for film in films])


def examples(order: Order) -> Iterator[Tensor]:
    """Whole films to take principal components of."""
    plan = CropPlan(((32, 144, 256),), (1.0,))
    for seed in range(2 if order.smoke else principal.FILMS):
        yield torch.from_numpy(film_crop(8_000_000 + seed, plan).arrays["video"]).to(order.device)


def pictures(difference: Tensor, regard: Tensor) -> Tensor:
    """Loss of the difference of two films [B,3,F,H,W]: of pixels, of edges and of motion.

    `regard` [B,F,H,W] weighs the places.
    """
    frames, weights = difference.transpose(1, 2).flatten(0, 1), regard.flatten(0, 1)[:, None]
    loss = 20.0 * losses.squared(frames, weights) + 10.0 * losses.edges(frames, weights)
    if difference.shape[2] > 1:
        moved = (difference[:, :, 1:] - difference[:, :, :-1]).transpose(1, 2).flatten(0, 1)
        loss = loss + 5.0 * losses.squared(moved, regard[:, 1:].flatten(0, 1)[:, None])
    return loss


class Recipe(Learner):
    """One run: the networks, their loss, their measures and files."""

    def __init__(self, order: Order) -> None:
        self.order, self.size = order, size_of(order)
        self.trainer = Trainer(order, (VIDEO_ENCODER, VIDEO_DECODER), SCHEDULE)
        self.encoder = self.trainer.networks[VIDEO_ENCODER]
        self.decoder = self.trainer.networks[VIDEO_DECODER]
        if not order.on_gpu:
            lean_on_cpu(self.decoder)
        # An encoder that is final has users, for whom it and its statistics stay. Without a GPU there is no
        # time for its deep half, and its linear half is a good code.
        final = order.mark(VIDEO_ENCODER).exists()
        self.kept = {name: self.encoder.get_buffer(name).clone() for name in ("mean", "std")} if final else {}
        self.fixed = final or not order.on_gpu
        # While training the latents are plain; files get the latest statistics.
        for network in (self.encoder, self.decoder):
            network.get_buffer("mean").zero_()
            network.get_buffer("std").fill_(1.0)
        if not order.checkpoint(VIDEO_ENCODER).exists() and not order.state.exists():
            principal.start(self.encoder, self.decoder, examples(order))
            self.trainer.restart_average()
        if not order.state.exists():
            for name, network in self.trainer.networks.items():
                write_weights(order.beginning(name), network.state_dict())
        if self.fixed:
            self.encoder.requires_grad_(False)
        self.linear = self.fixed and not self.encoder.get_parameter("last.space.weight").any()
        self.heldout = heldout(order, self.size)
        self.recent: deque[Tensor] = deque(maxlen=RECENT)

    def moments(self, video: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of the latents, float32."""
        if self.linear:
            mean = self.encoder.get_submodule("blocks")(video, -(-video.shape[2] // 8))
        else:
            mean, log_variance = self.encoder.encode_moments(video)  # type: ignore[operator]
        if self.fixed:
            return mean.float(), torch.full_like(mean, STILL_LOG_VARIANCE)
        # The offset makes the noise small at the start, when the decoder cannot see through it.
        return mean.float(), (log_variance.float() + FIRST_LOG_VARIANCE).clamp(-16, 4)

    def loss(self, pixels: Tensor, things: Tensor) -> Tensor:
        """Loss of a batch, bytes [B,F,H,W,3], with things [B,F,H/2,W/2]."""
        video = to_video(pixels)
        with autocast(self.order):
            mean, log_variance = self.moments(video)
            latents = mean + torch.randn_like(mean) * (0.5 * log_variance).exp() + self.roughness(mean)
            decoded = self.decoder(latents).float()
        regard = F.interpolate(1.0 + (THINGS - 1.0) * things.float(), scale_factor=2.0)
        # One frame stands for eight: the decoder shows it eight times.
        if video.shape[2] == 1:
            video, regard = video.expand(-1, -1, 8, -1, -1), regard.expand(-1, 8, -1, -1)
        difference = decoded[:, :, : video.shape[2]] - video
        loss = pictures(difference, regard)
        return loss + KL_WEIGHT * losses.kl(mean, log_variance) + OUTLIER_WEIGHT * losses.outliers(mean)

    def roughness(self, mean: Tensor) -> Tensor:
        """Noise [B,C,T,h,w] for half of the windows, in parts of the deviation of each channel."""
        shape = (len(mean), 1, 1, 1, 1)
        part = ROUGH * torch.rand(shape, device=mean.device) * (torch.rand(shape, device=mean.device) < 0.5)
        spread = mean.detach().std((0, 2, 3, 4), keepdim=True)
        return part * spread * torch.randn_like(mean)

    def turn(self, batches: Batches) -> None:
        """A step on the next windows."""
        tensors = batches.next().tensors
        self.recent.append(tensors["video"][:OF_EACH].clone())
        count = max(1, int(len(tensors["video"]) * self.trainer.shrink))
        pixels, things = (
            tensors[name][:count].to(self.order.device, non_blocking=True) for name in ("video", "things")
        )
        self.trainer.step(partial(self.loss, pixels, things))

    @torch.no_grad()
    def statistics(self) -> dict[str, Tensor]:
        """Mean and standard deviation [C] of latents of recent batches, or those of an encoder with users."""
        if self.kept:
            return self.kept
        rows = []
        for pixels in self.recent:
            with autocast(self.order):
                mean, _ = self.moments(to_video(pixels.to(self.order.device)))
            rows.append(mean.transpose(0, 1).flatten(1))
        values = torch.cat(rows, dim=1)
        return {"mean": values.mean(1), "std": values.std(1).clamp_min(1e-4)}

    @torch.no_grad()
    def pairs(self, count: int | None = None) -> list[tuple[Tensor, Tensor]]:
        """Films held out, decoded and true, frames [F,3,H,W]."""
        pairs = []
        for pixels in self.heldout[:count]:
            video = to_video(pixels[None].to(self.order.device))
            with autocast(self.order):
                decoded = self.decoder(self.moments(video)[0]).float()
            pairs.append((decoded[0].transpose(0, 1), video[0].transpose(0, 1)))
        return pairs

    def measure(self) -> None:
        """Picture quality on films held out."""
        pairs = self.pairs()
        self.trainer.journal.write(
            psnr_db=sum(losses.psnr(x, y) for x, y in pairs) / len(pairs),
            ssim=sum(losses.ssim(x, y) for x, y in pairs) / len(pairs),
        )

    def sheet(self, path: Path, full: bool) -> None:
        """Films held out, each above what was decoded of it."""
        with self.trainer.averaged():
            pairs = self.pairs(4 if full else 2)
        rows = [to_pixels(v[:: max(1, len(v) // 6)][:6]) for x, y in pairs for v in (y, x)]
        write_png(path.with_suffix(".png"), grid(torch.stack(rows)))

    def save(self) -> None:
        """Measure, and write both networks with the statistics of their latents."""
        with self.trainer.averaged():
            self.measure()
            buffers = self.statistics()
        for name in (VIDEO_ENCODER, VIDEO_DECODER):
            self.trainer.save(name, buffers)

    def remember(self, whole: Memory) -> None:
        """The windows that statistics are taken of."""
        whole.put("tae", {str(n): pixels for n, pixels in enumerate(self.recent)}, {})

    def recall(self, whole: Memory) -> None:
        """Those windows again."""
        tensors, _ = whole.get("tae")
        self.recent.extend(tensors[str(n)] for n in range(len(tensors)))


def run(order: Order) -> None:
    """Train until the run is over; leave both networks with the statistics of their latents."""
    prepare(order, few_shapes=True)
    size, saved = size_of(order), unfinished(order)
    seed = 10_000_000 * (order.seed + 1)
    plan = FeedPlan(order.workers, size.slots, size.slot_bytes, seed, place(saved))
    with Feed(partial(film_crop, plan=size.crops), plan) as feed:
        recipe = Recipe(order)
        with Batches(feed, size.batch, order.on_gpu) as batches:
            learn(recipe, batches, saved)
    end(order, recipe, VIDEO_ENCODER, VIDEO_DECODER)
