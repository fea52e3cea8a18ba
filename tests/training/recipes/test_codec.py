from functools import partial

import pytest
import torch

from services.families.moviegen.envelope_codec import EnvelopeCodecParams, EnvelopeEncoder
from training.recipes import codec
from training.recipes.batches import Batch
from training.recipes.files import frozen
from training.recipes.order import Order
from training.recipes.sources import sound


def waveforms(first: int = 0) -> torch.Tensor:
    pieces = [sound(first + n, 8 * codec.HOP).arrays["waveform"] for n in range(2)]
    return torch.stack([torch.from_numpy(piece) for piece in pieces])


class Pieces:
    """Batches without a feed."""

    def __init__(self) -> None:
        self.first = 0

    def next(self) -> Batch:
        self.first += 2
        return Batch((), {"waveform": waveforms(self.first)}, [(), ()])


@pytest.fixture
def fitted(order: Order) -> Order:
    codec.fit_and_write(order, Pieces())  # type: ignore[arg-type]
    return order


def test_fitted_latents_are_normalized_and_do_not_go_together() -> None:
    torch.manual_seed(0)
    encoder = EnvelopeEncoder(EnvelopeCodecParams(latent_channels=5))
    pieces = [waveforms(n) for n in (0, 10, 20)]
    codec.fit(encoder, pieces)
    latents = torch.cat([encoder(piece[:, None]).transpose(1, 2).flatten(0, 1) for piece in pieces]).detach()
    torch.testing.assert_close(latents.mean(0), torch.zeros(5), atol=1e-3, rtol=0)
    torch.testing.assert_close(latents.T @ latents / len(latents), torch.eye(5), atol=2e-3, rtol=0)
    assert encoder.std.tolist() == sorted(encoder.std.tolist(), reverse=True)


def test_a_step_brings_the_decoder_and_only_it_forward(fitted: Order) -> None:
    recipe = codec.Recipe(fitted)
    encoder = [w.clone() for w in recipe.encoder.parameters()]
    before = recipe.loss(waveforms()).item()
    for _ in range(5):
        recipe.trainer.step(partial(recipe.loss, waveforms()))
    assert recipe.loss(waveforms()).item() < before
    assert all(torch.equal(a, b) for a, b in zip(encoder, recipe.encoder.parameters(), strict=True))


def test_files_go_together(fitted: Order) -> None:
    recipe = codec.Recipe(fitted)
    recipe.save()
    encoder = frozen(fitted.checkpoint("audio_encoder"), "audio_encoder", "cpu")
    decoder = frozen(fitted.checkpoint("audio_decoder"), "audio_decoder", "cpu")
    for name in ("mean", "std"):
        assert torch.equal(encoder.get_buffer(name), decoder.get_buffer(name))
    assert decoder(encoder(waveforms()[:, None])).shape == (2, 1, 8 * codec.HOP)
    recipe.sheet(fitted.work / "codec", full=True)
    assert (fitted.work / "codec.png").exists()
    assert (fitted.work / "codec.wav").exists()


def test_silence_does_not_break_the_loss(fitted: Order) -> None:
    recipe = codec.Recipe(fitted)
    loss = recipe.loss(torch.zeros(2, 8 * codec.HOP))
    loss.backward()  # type: ignore[no-untyped-call]
    assert all(w.grad is None or bool(w.grad.isfinite().all()) for w in recipe.trainer.weights)
