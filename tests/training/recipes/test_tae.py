from functools import partial

import pytest
import torch
from safetensors.torch import load_file, save_file

from services.families.moviegen import casts
from training.recipes import tae
from training.recipes.files import frozen
from training.recipes.order import CAST, Order
from training.recipes.sources import CropPlan, film_crop


def windows(frames: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Pixels, and where things are."""
    plan = CropPlan(((frames, 32, 32),), (1.0,), centred=1.0)
    samples = [film_crop(n, plan).arrays for n in range(2)]
    pixels, things = (
        torch.stack([torch.from_numpy(sample[name]) for sample in samples]) for name in ("video", "things")
    )
    return pixels, things


def pixels(frames: int) -> torch.Tensor:
    return windows(frames)[0]


@pytest.mark.parametrize("frames", [1, 9, 16])
def test_images_and_films_of_any_length_have_a_loss(order: Order, frames: int) -> None:
    recipe = tae.Recipe(order)
    loss = recipe.loss(*windows(frames))
    loss.backward()  # type: ignore[no-untyped-call]
    assert float(loss.detach()) > 0
    assert all(w.grad is not None and bool(w.grad.isfinite().all()) for w in recipe.decoder.parameters())


def test_without_a_gpu_the_encoder_stays_as_linear_as_it_starts(order: Order) -> None:
    recipe = tae.Recipe(order)
    before = {name: w.clone() for name, w in recipe.encoder.named_parameters()}
    recipe.trainer.step(partial(recipe.loss, *windows(8)))
    assert all(torch.equal(w, before[name]) for name, w in recipe.encoder.named_parameters())


def test_the_files_hold_the_statistics_of_the_latents(order: Order) -> None:
    recipe = tae.Recipe(order)
    recipe.recent.append(pixels(8))
    recipe.trainer.step(partial(recipe.loss, *windows(8)))
    recipe.save()
    encoder, decoder = (
        frozen(order.checkpoint(name), name, "cpu") for name in ("video_encoder", "video_decoder")
    )
    latents = encoder(tae.to_video(pixels(8)))
    channels = latents.transpose(0, 1).flatten(1)
    torch.testing.assert_close(channels.mean(1), torch.zeros(64), atol=0.05, rtol=0)
    torch.testing.assert_close(channels.std(1), torch.ones(64), atol=0.05, rtol=0)
    assert torch.equal(encoder.get_buffer("std"), decoder.get_buffer("std"))


def test_an_encoder_that_has_users_stays_with_its_statistics(order: Order) -> None:
    first = tae.Recipe(order)
    first.recent.append(pixels(8))
    first.save()
    path = order.checkpoint("video_encoder")
    state = load_file(path) | {"mean": torch.full((64,), 0.5), "std": torch.full((64,), 3.0)}
    save_file(state, path)
    order.mark("video_encoder").touch()
    recipe = tae.Recipe(order)
    recipe.recent.append(pixels(8))
    recipe.trainer.step(partial(recipe.loss, *windows(8)))
    recipe.save()
    for name in ("video_encoder", "video_decoder"):
        network = frozen(order.checkpoint(name), name, "cpu")
        assert torch.equal(network.get_buffer("mean"), torch.full((64,), 0.5))
        assert torch.equal(network.get_buffer("std"), torch.full((64,), 3.0))
    after = load_file(path)
    assert all(torch.equal(after[name], weight) for name, weight in state.items())


def test_things_weigh_more_in_the_loss() -> None:
    difference, regard = torch.zeros(1, 3, 8, 8, 8), torch.ones(1, 8, 8, 8)
    difference[..., 4, 4] = 0.5
    heavy = regard.clone()
    heavy[..., 4, 4] = tae.THINGS
    assert float(tae.pictures(difference, heavy)) > 2 * float(tae.pictures(difference, regard))


def test_the_batch_keeps_to_its_pixels() -> None:
    size = tae.Size(tae.GPU, 2_400_000)
    assert size.batch((1, 144, 256)) == 48
    assert size.batch((16, 144, 256)) == 4
    assert size.slot_bytes >= 3 * 16 * 144 * 256
    assert tae.Size(tae.CPU, 300_000, most=8).batch((1, 96, 96)) == 8


def test_the_kernels_of_the_decoder_learn_by_muon_and_its_linear_half_slowly(order: Order) -> None:
    recipe = tae.Recipe(order)
    adam, muon = recipe.trainer.optimizers.all
    kernels = {id(weight) for weight in muon.param_groups[0]["params"]}
    slow = {id(weight) for weight in adam.param_groups[1]["params"]}
    decoder = dict(recipe.decoder.named_parameters())
    assert {n for n, w in decoder.items() if id(w) in slow} == {"blocks.weight", "blocks.bias"}
    others = {name for name, w in decoder.items() if w.dim() == 4 and id(w) not in kernels}
    assert others == {"sketch.weight", "last.space.weight", "last.time.mix.weight"}


def test_on_a_cpu_the_decoder_draws_what_the_one_in_the_files_draws(order: Order) -> None:
    recipe = tae.Recipe(order)
    torch.manual_seed(0)
    for weight in recipe.decoder.parameters():
        weight.data += 0.02 * torch.randn_like(weight)
    plain = casts.build(CAST, "video_decoder")
    plain.load_state_dict(recipe.decoder.state_dict())
    latents = torch.randn(1, 64, 2, 4, 4)
    torch.testing.assert_close(recipe.decoder(latents), plain(latents), atol=1e-4, rtol=1e-3)


def test_the_picture_of_it_is_drawn_without_a_trace(order: Order) -> None:
    recipe = tae.Recipe(order)
    before = torch.get_rng_state()
    recipe.sheet(order.work / "tae", full=True)
    assert (order.work / "tae.png").stat().st_size > 1000
    assert torch.equal(torch.get_rng_state(), before)


def test_the_weights_that_it_begins_with_are_for_those_that_need_no_more(order: Order) -> None:
    recipe = tae.Recipe(order)
    begun = frozen(order.beginning("video_encoder"), "video_encoder", "cpu")
    for name, weight in begun.named_parameters():
        torch.testing.assert_close(weight, recipe.encoder.get_parameter(name).half().float())
