from functools import partial

import torch

from training.recipes import codec
from training.recipes.files import frozen
from training.recipes.order import Order
from training.recipes.sources import sound


def waveforms() -> torch.Tensor:
    return torch.stack([torch.from_numpy(sound(n, 8 * codec.HOP).arrays["waveform"]) for n in range(2)])


def test_a_step_and_files_with_the_statistics_of_the_latents(order: Order) -> None:
    recipe = codec.Recipe(order)
    recipe.recent.append(waveforms())
    recipe.trainer.step(partial(recipe.loss, waveforms()))
    assert recipe.trainer.steps == 1
    recipe.save()
    latents = frozen(order.checkpoint("audio_encoder"), "audio_encoder", "cpu")(waveforms()[:, None])
    channels = latents.transpose(0, 1).flatten(1)
    torch.testing.assert_close(channels.std(1), torch.ones(32), atol=0.1, rtol=0)
    decoded = frozen(order.checkpoint("audio_decoder"), "audio_decoder", "cpu")(latents)
    assert decoded.shape == (2, 1, 8 * codec.HOP)


def test_silence_does_not_break_the_loss(order: Order) -> None:
    recipe = codec.Recipe(order)
    loss = recipe.loss(torch.zeros(2, 8 * codec.HOP))
    loss.backward()  # type: ignore[no-untyped-call]
    assert all(w.grad is None or bool(w.grad.isfinite().all()) for w in recipe.trainer.weights)
