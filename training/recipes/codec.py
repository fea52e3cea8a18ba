"""Audio codec: encoder and decoder together, on pieces of the world's sound."""

from collections import deque
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from services.contract.tensors import AUDIO_DECODER, AUDIO_ENCODER
from training.recipes import losses
from training.recipes.batches import Batches
from training.recipes.feed import Feed, FeedPlan
from training.recipes.order import Order
from training.recipes.sources import sound
from training.recipes.trainer import Schedule, Trainer, autocast, prepare

HOP = 1920
KL_WEIGHT = 3e-4
SCHEDULE = Schedule(peak=8e-4, warmup=0.04, decay=0.998)


@dataclass(frozen=True)
class Size:
    """Samples of a piece, pieces in a batch, pieces held out."""

    samples: int
    batch: int
    heldout: int


def size_of(order: Order) -> Size:
    """What the machine can bear."""
    if order.smoke:
        return Size(8 * HOP, 2, 1)
    return Size(40 * HOP, 16, 16) if order.on_gpu else Size(25 * HOP, 4, 4)


class Recipe:
    """One run: the networks, their loss, their measures and files. Measured in float32: bfloat16 hisses."""

    def __init__(self, order: Order) -> None:
        self.order, self.size = order, size_of(order)
        self.trainer = Trainer(order, (AUDIO_ENCODER, AUDIO_DECODER), SCHEDULE)
        self.encoder = self.trainer.networks[AUDIO_ENCODER]
        self.decoder = self.trainer.networks[AUDIO_DECODER]
        for network in (self.encoder, self.decoder):
            network.get_buffer("mean").zero_()
            network.get_buffer("std").fill_(1.0)
        pieces = [
            sound(9_000_000 + n, self.size.samples, "heldout").arrays["waveform"]
            for n in range(self.size.heldout)
        ]
        self.heldout = torch.stack([torch.from_numpy(piece) for piece in pieces]).to(order.device)
        self.recent: deque[Tensor] = deque(maxlen=24)

    def moments(self, waveform: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of the latents of waveforms [B,S]."""
        mean, log_variance = self.encoder.encode_moments(waveform[:, None])  # type: ignore[operator]
        # The offset makes the noise small at the start, when the decoder cannot hear through it.
        return mean.float(), (log_variance.float() - 4.0).clamp(-16, 4)

    def loss(self, waveform: Tensor) -> Tensor:
        """Loss of waveforms [B,S]."""
        with autocast(self.order):
            mean, log_variance = self.moments(waveform)
            latents = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
            decoded = self.decoder(latents)[:, 0].float()
        loss = 20.0 * F.l1_loss(decoded, waveform) + losses.spectra(decoded, waveform)
        # In dB, and no reward beyond 30 of them: the rest of the loss then decides.
        loss = loss - 0.02 * losses.si_sdr(decoded, waveform).clamp(-30, 30).mean()
        return loss + KL_WEIGHT * losses.kl(mean, log_variance)

    @torch.no_grad()
    def save(self) -> None:
        """Measure on sounds held out, and write both networks with the statistics of their latents."""
        with self.trainer.averaged():
            decoded = self.decoder(self.moments(self.heldout)[0])[:, 0]
            self.trainer.journal.write(
                si_sdr_db=float(losses.si_sdr(decoded, self.heldout).median()),
                spectra=float(losses.spectra(decoded, self.heldout)),
            )
            rows = [self.moments(piece.to(self.order.device))[0] for piece in self.recent]
            values = torch.cat([row.transpose(0, 1).flatten(1) for row in rows], dim=1)
        buffers = {"mean": values.mean(1), "std": values.std(1).clamp_min(1e-4)}
        for name in (AUDIO_ENCODER, AUDIO_DECODER):
            self.trainer.save(name, buffers)


def run(order: Order) -> None:
    """Train until the order's time is up; leave both networks with the statistics of their latents."""
    prepare(order, one_shape=True)
    size = size_of(order)
    plan = FeedPlan(order.workers, 128, 4 * size.samples + 64, 20_000_000 * (order.seed + 1))
    with Feed(partial(sound, samples=size.samples), plan) as feed:
        recipe = Recipe(order)
        with Batches(feed, lambda _: size.batch, order.on_gpu) as batches:
            while recipe.trainer.running:
                batch = batches.next()
                recipe.recent.append(batch.tensors["waveform"])
                count = max(1, int(len(batch.texts) * recipe.trainer.shrink))
                waveform = batch.tensors["waveform"][:count].to(order.device, non_blocking=True)
                recipe.trainer.step(partial(recipe.loss, waveform))
                if recipe.trainer.due():
                    recipe.save()
            recipe.save()
    order.finish(AUDIO_ENCODER)
    order.finish(AUDIO_DECODER)
