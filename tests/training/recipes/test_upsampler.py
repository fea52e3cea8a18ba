from functools import partial

import pytest
import torch

from training.recipes import upsampler
from training.recipes.batches import to_video
from training.recipes.order import Order
from training.recipes.sources import close_ups


def tensors(recipe: upsampler.Recipe) -> dict[str, torch.Tensor]:
    arrays = close_ups(1, recipe.size.pairs).arrays
    return {name: torch.from_numpy(array)[None] for name, array in arrays.items()}


def test_the_input_is_the_place_of_the_target(written: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = upsampler.Recipe(written)
    monkeypatch.setattr(recipe, "low", lambda pixels, noise: to_video(pixels).transpose(1, 2))
    low, target = recipe.pairs(tensors(recipe), (0,), 0.0)
    assert low.shape == (1, 3, 16, 16)
    assert target.shape == (1, 3, 120, 120)
    shrunk = torch.nn.functional.interpolate(target, size=16, mode="area")
    assert float((shrunk - low).abs().mean()) < 0.06


def test_frames_go_through_the_autoencoder(written: Order) -> None:
    recipe = upsampler.Recipe(written)
    films = tensors(recipe)["video"]
    decoded, clean = recipe.low(films, 0.0), to_video(films).transpose(1, 2)
    assert decoded.shape == clean.shape
    assert not torch.equal(decoded, clean)


def test_a_step_and_what_it_leaves(written: Order) -> None:
    recipe = upsampler.Recipe(written)
    recipe.trainer.step(partial(recipe.loss, tensors(recipe)))
    recipe.save()
    recipe.sheet(written.work / "upsampler", full=True)
    assert written.checkpoint("upsampler").exists()
    assert (written.work / "upsampler.png").exists()
