from functools import partial

import torch

from training.recipes import sight
from training.recipes.order import Order
from training.recipes.places import COUNT


def tensors(count: int) -> dict[str, torch.Tensor]:
    """Blocks of one size, stacked."""
    samples = [sight.glance(seed, sight.GlancePlan(1, True)) for seed in range(60)]
    alike = [sample.arrays for sample in samples if sample.bucket == (144, 256)][:count]
    return {name: torch.stack([torch.from_numpy(a[name]) for a in alike]) for name in alike[0]}


def test_a_glance_is_a_block_of_one_thing_with_what_is_known_of_it() -> None:
    sample = sight.glance(1, sight.GlancePlan(1, False))
    assert sample.arrays["video"].shape == (8, *sample.bucket, 3)
    assert sample.arrays["places"].shape == (8, COUNT)
    assert sample.arrays["shape"].shape == (1,)


def test_the_encoder_learns_with_its_answers_and_is_saved_without_them(order: Order) -> None:
    recipe = sight.Recipe(order)
    batch = tensors(2)
    before = recipe.loss(batch).item()
    for _ in range(12):
        recipe.trainer.step(partial(recipe.loss, batch))
    assert recipe.loss(batch).item() < 0.9 * before
    recipe.trainer.save("visual_encoder")
    assert order.checkpoint("visual_encoder").exists()
    assert recipe.trainer.extras["height_error"] > 0
    recipe.sheet(order.work / "sight", full=False)
    assert (order.work / "sight.png").exists()
