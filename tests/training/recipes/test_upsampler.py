from functools import partial

import torch

from training.recipes import upsampler
from training.recipes.order import Order
from training.recipes.sources import close_ups


def tensors(recipe: upsampler.Recipe) -> dict[str, torch.Tensor]:
    arrays = close_ups(1, recipe.size.pairs).arrays
    return {name: torch.from_numpy(array)[None] for name, array in arrays.items()}


def test_the_input_is_the_place_of_the_target(order: Order) -> None:
    recipe = upsampler.Recipe(order)
    low, target = recipe.pairs(tensors(recipe), (0,), 0.0)
    assert low.shape == (1, 3, 16, 16)
    assert target.shape == (1, 3, 128, 128)
    shrunk = torch.nn.functional.avg_pool2d(target, 8)
    assert float((shrunk - low).abs().mean()) < 0.06


def test_the_autoencoder_is_used_once_it_is_final(written: Order) -> None:
    recipe = upsampler.Recipe(written)
    clean, _ = recipe.pairs(tensors(recipe), (0,), 0.0)
    assert recipe.load_autoencoder()
    decoded, _ = recipe.pairs(tensors(recipe), (0,), 0.0)
    assert decoded.shape == clean.shape
    assert not torch.equal(decoded, clean)
    recipe.trainer.step(partial(recipe.loss, tensors(recipe)))
    recipe.save()
    assert written.checkpoint("upsampler").exists()


def test_there_may_be_no_autoencoder_yet(order: Order) -> None:
    assert not upsampler.Recipe(order).load_autoencoder()
