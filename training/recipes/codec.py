"""Audio codec: the encoder by principal components of band powers, then the decoder by gradient.

The encoder is final after a minute, so that the transformer over its latents need not wait for the decoder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from services.contract.tensors import AUDIO_DECODER, AUDIO_ENCODER
from services.families.moviegen import casts
from services.families.moviegen.envelope_codec import EnvelopeDecoder, EnvelopeEncoder
from training.recipes.batches import Batches
from training.recipes.feed import Feed, FeedPlan
from training.recipes.files import read_weights, write_weights
from training.recipes.order import CAST, Order
from training.recipes.sources import sound
from training.recipes.trainer import Schedule, Trainer, prepare

HOP = 1920
SCHEDULE = Schedule(peak=2e-3, warmup=0.05, decay=0.99)
WINDOWS = (512, 256)
HISS = 0.1


@dataclass(frozen=True)
class Size:
    """Samples of a piece, pieces in a batch, pieces held out, pieces that the encoder is fitted to."""

    samples: int
    batch: int
    heldout: int
    fitted: int


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


def spectrum(waveform: Tensor, window: int) -> Tensor:
    """Logarithmic magnitudes of waveforms [B,S] in windows, flat where it is quiet."""
    shape = torch.hann_window(window, device=waveform.device)
    bins = torch.stft(waveform, window, window // 4, window=shape, return_complex=True)
    # Of a plain absolute value the gradient at 0 is not defined.
    return torch.log10(torch.sqrt(bins.real**2 + bins.imag**2 + 1e-9) + 5e-5 * window)


def attack(made: Tensor, true: Tensor) -> Tensor:
    """Distance of logarithmic spectra of waveforms [B,S] in short windows: how sharp a sound begins."""
    total = torch.zeros((), device=made.device)
    for window in WINDOWS:
        total = total + (spectrum(made, window) - spectrum(true, window)).abs().mean()
    return total


class Recipe:
    """One run on a fitted encoder: the decoder, its loss, its measure and file."""

    def __init__(self, order: Order) -> None:
        self.order, self.size = order, size_of(order)
        encoder = casts.build(CAST, AUDIO_ENCODER)
        read_weights(order.checkpoint(AUDIO_ENCODER), encoder)
        assert isinstance(encoder, EnvelopeEncoder)
        self.encoder = encoder.to(order.device).eval().requires_grad_(False)
        self.trainer = Trainer(order, (AUDIO_DECODER,), SCHEDULE)
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

    def loss(self, waveform: Tensor) -> Tensor:
        """Loss of waveforms [B,S]. Latents get a little noise, as those of a transformer will have."""
        true = waveform[:, None]
        latents = self.encoder(true)
        amount = HISS * torch.rand(len(latents), 1, 1, device=latents.device)
        made = self.decoder(latents + amount * torch.randn_like(latents))
        return self.distance(made, true) + 0.3 * attack(made[:, 0], waveform)

    @torch.no_grad()
    def save(self) -> None:
        """Measure on sounds held out, and write the decoder."""
        with self.trainer.averaged():
            made = self.decoder(self.encoder(self.heldout[:, None]))
            decibels = 10 / 2.302585 * float(self.distance(made, self.heldout[:, None]))
            self.trainer.journal.write(band_error_db=decibels)
        self.trainer.save(AUDIO_DECODER)


def fit_and_write(order: Order, batches: Batches) -> None:
    """The encoder, from the first pieces of the world's sound."""
    encoder = casts.build(CAST, AUDIO_ENCODER)
    assert isinstance(encoder, EnvelopeEncoder)
    encoder.to(order.device)
    size = size_of(order)
    pieces = [batches.next().to(order.device)["waveform"] for _ in range(-(-size.fitted // size.batch))]
    fit(encoder, pieces)
    write_weights(order.checkpoint(AUDIO_ENCODER), encoder.state_dict())


def run(order: Order) -> None:
    """Fit the encoder unless there is one, then train the decoder until the order's time is up."""
    prepare(order, few_shapes=True)
    size = size_of(order)
    plan = FeedPlan(order.workers, 128, 4 * size.samples + 64, 20_000_000 * (order.seed + 1))
    with (
        Feed(partial(sound, samples=size.samples, plain=not order.on_gpu), plan) as feed,
        Batches(feed, lambda _: size.batch, order.on_gpu) as batches,
    ):
        if not order.checkpoint(AUDIO_ENCODER).exists():
            fit_and_write(order, batches)
        order.finish(AUDIO_ENCODER)
        recipe = Recipe(order)
        while recipe.trainer.running:
            waveform = batches.next().to(order.device)["waveform"]
            count = max(1, int(len(waveform) * recipe.trainer.shrink))
            recipe.trainer.step(partial(recipe.loss, waveform[:count]))
            if recipe.trainer.due():
                recipe.save()
        recipe.save()
    order.finish(AUDIO_DECODER)
