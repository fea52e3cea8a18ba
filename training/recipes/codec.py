"""Audio codec: the encoder by principal components of band powers, then the decoder by gradient.

The encoder is final after a minute, so that the transformer over its latents need not wait for the decoder.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from services.contract.tensors import AUDIO_DECODER, AUDIO_ENCODER
from services.families.moviegen import casts
from services.families.moviegen.envelope_codec import EnvelopeDecoder, EnvelopeEncoder
from training.recipes.batches import Batches
from training.recipes.feed import Feed, FeedPlan, Place
from training.recipes.files import frozen, write_png, write_wave, write_weights
from training.recipes.likeness import apart, aspects, untuned
from training.recipes.loop import Learner, end, learn
from training.recipes.memory import unfinished
from training.recipes.order import CAST, Order
from training.recipes.sheets import spectrogram, stacked
from training.recipes.sources import sound
from training.recipes.trainer import Schedule, Trainer, prepare

HOP = 1920
SCHEDULE = Schedule(peak=2e-3, warmup=0.05, decay=0.99)
# In small batches more of it undoes what is there.
GENTLE = replace(SCHEDULE, peak=4e-4)
HISS, UNTUNED = 0.1, 0.01


@dataclass(frozen=True)
class Size:
    """Samples of a piece, pieces in a batch, pieces held out, pieces that the encoder is fitted to."""

    samples: int
    batch: int
    heldout: int
    fitted: int

    @property
    def fitting(self) -> int:
        """Batches that the encoder is fitted to: the first ones, none of which the decoder sees."""
        return -(-self.fitted // self.batch)


def size_of(order: Order) -> Size:
    """What the machine can bear."""
    if order.smoke:
        return Size(8 * HOP, 2, 1, 8)
    return Size(50 * HOP, 32, 16, 2048) if order.on_gpu else Size(50 * HOP, 6, 4, 1024)


@torch.no_grad()
def fit(encoder: EnvelopeEncoder, waveforms: Sequence[Tensor]) -> None:
    """Set the encoder to the principal components of the band powers of waveforms [B,S], largest first."""
    rows = [encoder.envelopes(waveform[:, None]).transpose(1, 2).flatten(0, 1) for waveform in waveforms]
    values = torch.cat(rows)
    mean = values.mean(0)
    _, spread, directions = torch.linalg.svd(values - mean, full_matrices=False)
    kept = directions[: encoder.params.latent_channels]
    encoder.squeeze.weight.copy_(kept[:, :, None])
    encoder.get_parameter("squeeze.bias").copy_(-(kept @ mean))
    encoder.mean.zero_()
    encoder.std.copy_((spread[: len(kept)] / len(values) ** 0.5).clamp_min(1e-3))


class Recipe(Learner):
    """One run on a fitted encoder: the decoder, its loss, its measure and file."""

    def __init__(self, order: Order) -> None:
        self.order, self.size = order, size_of(order)
        encoder = frozen(order.checkpoint(AUDIO_ENCODER), AUDIO_ENCODER, order.device)
        assert isinstance(encoder, EnvelopeEncoder)
        self.encoder = encoder
        self.trainer = Trainer(order, (AUDIO_DECODER,), SCHEDULE if order.on_gpu or order.smoke else GENTLE)
        decoder = self.trainer.networks[AUDIO_DECODER]
        assert isinstance(decoder, EnvelopeDecoder)
        self.decoder = decoder
        for name in ("mean", "std"):
            decoder.get_buffer(name).copy_(encoder.get_buffer(name))
        pieces = [
            sound(9_000_000 + n, self.size.samples, "heldout").arrays["waveform"]
            for n in range(self.size.heldout)
        ]
        self.heldout = torch.stack([torch.from_numpy(piece) for piece in pieces]).to(order.device)

    def distance(self, made: Tensor, true: Tensor) -> Tensor:
        """Mean difference of logarithmic band powers of waveforms [B,1,S], in nats."""
        difference: Tensor = self.encoder.powers(made) - self.encoder.powers(true)
        return difference.abs().mean()

    def heard(self, waveform: Tensor) -> list[Tensor]:
        """All that a waveform [B,1,S] is compared by."""
        return [self.encoder.powers(waveform), *aspects(waveform[:, 0])]

    def loss(self, waveform: Tensor) -> Tensor:
        """Loss of waveforms [B,S]. Latents get a little noise, as those of a transformer will have.

        Tones are tuned by what is known of them, not through the sound: the phase of a tone hangs on all that
        was before, and gradients through it drown the others.
        """
        true = waveform[:, None]
        latents = self.encoder(true)
        amount = HISS * torch.rand(len(latents), 1, 1, device=latents.device)
        levels, tuning = self.decoder.plan(latents + amount * torch.randn_like(latents))
        made = self.heard(self.decoder.play(levels, tuning.detach()))
        return apart(made, self.heard(true)) + UNTUNED * self.untuned(tuning, true)

    def untuned(self, tuning: Tensor, true: Tensor) -> Tensor:
        """Mean squared error in Hz of how low tones are tuned [B,low,4T], of waveforms [B,1,S]."""
        known, counts = untuned(self.encoder.powers(true)[:, : tuning.shape[1]])
        error: Tensor = (counts * (tuning - known).square()).sum() / counts.sum().clamp_min(1.0)
        return error

    def turn(self, batches: Batches) -> None:
        """A step on the next pieces."""
        waveform = batches.next().to(self.order.device)["waveform"]
        count = max(1, int(len(waveform) * self.trainer.shrink))
        self.trainer.step(partial(self.loss, waveform[:count]))

    @torch.no_grad()
    def save(self) -> None:
        """Measure on sounds held out, and write the decoder."""
        with self.trainer.averaged():
            made = self.decoder(self.encoder(self.heldout[:, None]))
            decibels = 10 / 2.302585 * float(self.distance(made, self.heldout[:, None]))
            self.trainer.journal.write(band_error_db=decibels)
        self.trainer.save(AUDIO_DECODER)

    @torch.no_grad()
    def sheet(self, path: Path, full: bool) -> None:
        """Spectrograms of sounds held out, each above what was decoded of it; one of these to hear."""
        true = self.heldout[: 4 if full else 2]
        with self.trainer.averaged():
            made = self.decoder(self.encoder(true[:, None]))[:, 0]
        pictures = [spectrogram(sound) for pair in zip(true, made, strict=True) for sound in pair]
        write_png(path.with_suffix(".png"), stacked(pictures))
        write_wave(path.with_suffix(".wav"), made[0])


def fit_and_write(order: Order, batches: Batches) -> None:
    """The encoder, from the first pieces of the world's sound."""
    encoder = casts.build(CAST, AUDIO_ENCODER)
    assert isinstance(encoder, EnvelopeEncoder)
    encoder.to(order.device)
    pieces = [batches.next().to(order.device)["waveform"] for _ in range(size_of(order).fitting)]
    fit(encoder, pieces)
    write_weights(order.checkpoint(AUDIO_ENCODER), encoder.state_dict())


def run(order: Order) -> None:
    """Fit the encoder unless there is one, then train the decoder until the run is over."""
    prepare(order, few_shapes=True)
    size, saved = size_of(order), unfinished(order)
    fresh = not order.checkpoint(AUDIO_ENCODER).exists()
    after = Place(next=size.fitting * size.batch)
    begin = saved.place if saved else Place() if fresh else after
    plan = FeedPlan(order.workers, 128, 4 * size.samples + 64, 20_000_000 * (order.seed + 1), begin)
    with (
        Feed(partial(sound, samples=size.samples), plan) as feed,
        Batches(feed, lambda _: size.batch, order.on_gpu) as batches,
    ):
        if fresh:
            fit_and_write(order, batches)
        order.finish(AUDIO_ENCODER)
        recipe = Recipe(order)
        learn(recipe, batches, saved)
    end(order, recipe, AUDIO_DECODER)
