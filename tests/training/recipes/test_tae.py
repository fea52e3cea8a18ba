from functools import partial

import pytest
import torch

from training.recipes import tae
from training.recipes.files import frozen
from training.recipes.order import Order
from training.recipes.sources import CropPlan, film_crop


def pixels(frames: int) -> torch.Tensor:
    plan = CropPlan(((frames, 32, 32),), (1.0,))
    return torch.stack([torch.from_numpy(film_crop(n, plan).arrays["video"]) for n in range(2)])


@pytest.mark.parametrize("frames", [1, 9, 16])
def test_images_and_films_of_any_length_have_a_loss(order: Order, frames: int) -> None:
    recipe = tae.Recipe(order)
    loss = recipe.loss(pixels(frames))
    loss.backward()  # type: ignore[no-untyped-call]
    assert float(loss.detach()) > 0
    assert all(w.grad is not None and bool(w.grad.isfinite().all()) for w in recipe.decoder.parameters())


def test_without_a_gpu_the_encoder_stays_as_linear_as_it_starts(order: Order) -> None:
    recipe = tae.Recipe(order)
    before = {name: w.clone() for name, w in recipe.encoder.named_parameters()}
    recipe.trainer.step(partial(recipe.loss, pixels(8)))
    assert all(torch.equal(w, before[name]) for name, w in recipe.encoder.named_parameters())


def test_the_files_hold_the_statistics_of_the_latents(order: Order) -> None:
    recipe = tae.Recipe(order)
    recipe.recent.append(pixels(8))
    recipe.trainer.step(partial(recipe.loss, pixels(8)))
    recipe.save()
    encoder, decoder = (
        frozen(order.checkpoint(name), name, "cpu") for name in ("video_encoder", "video_decoder")
    )
    latents = encoder(tae.to_video(pixels(8)))
    channels = latents.transpose(0, 1).flatten(1)
    torch.testing.assert_close(channels.mean(1), torch.zeros(16), atol=0.05, rtol=0)
    torch.testing.assert_close(channels.std(1), torch.ones(16), atol=0.05, rtol=0)
    assert torch.equal(encoder.get_buffer("std"), decoder.get_buffer("std"))
    assert (order.work / "tae.png").exists()


def test_the_batch_keeps_to_its_pixels() -> None:
    size = tae.Size(tae.GPU, 2_400_000)
    assert size.batch((1, 144, 256)) == 48
    assert size.batch((16, 144, 256)) == 4
    assert size.slot_bytes >= 3 * 16 * 144 * 256
