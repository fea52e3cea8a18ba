import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from services.contract import layout as columns
from training.recipes import layout
from training.recipes.order import Order
from training.recipes.sources import LayoutPlan, film_layout

PLAN = LayoutPlan(layout.HELDOUT, (1.0,))


def test_it_learns_and_the_text_encoder_does_not(written: Order) -> None:
    recipe = layout.Recipe(replace(written, recipe="layout"))
    recipe.begin()
    samples = [film_layout(seed, PLAN) for seed in range(4)]
    layouts, known = (
        torch.from_numpy(np.stack([sample.arrays[name] for sample in samples]))
        for name in ("layout", "known")
    )
    loss = partial(recipe.loss, (4, 18, 32, 0), layouts, known, [sample.texts[0] for sample in samples])

    def measured() -> float:
        torch.manual_seed(1)
        return float(torch.stack([loss().detach() for _ in range(4)]).mean())

    before = measured()
    recipe.trainer.pace.part = 0.2
    for _ in range(12):
        recipe.trainer.step(loss)
    assert measured() < 0.7 * before
    recipe.save()
    assert written.checkpoint("layout_transformer").exists()
    recipe.sheet(written.work / "layout", full=True)
    measured = json.loads((written.work / "layout.json").read_text())
    assert set(measured) == {"text", "image", "continuation"}
    assert set(measured["image"]) == {"count", "kinds", "colours", "off"}


def test_a_batch_has_as_many_tokens_whatever_the_length(written: Order) -> None:
    recipe = layout.Recipe(written)
    captions = {length: recipe.size.captions((length, 18, 32, 0)) for length in (1, 4, 8)}
    assert captions[1] == 4 * captions[4] == 16
    assert captions[8] == 2


def test_text_is_left_out_of_some(written: Order) -> None:
    recipe = layout.Recipe(written)
    torch.manual_seed(0)
    assert 0.05 < np.mean([recipe._left_out([""] * 50) for _ in range(20)]) < 0.15


def test_what_is_right_of_a_layout() -> None:
    true = film_layout(3, PLAN).arrays["layout"]
    assert layout.rights(true, true) == {"count": 1, "kinds": 1, "colours": 1, "off": 0}
    other = true.copy()
    other[0, :, columns.KIND] = np.roll(other[0, :, columns.KIND], 1, axis=-1)
    other[..., columns.X] += columns.PLACE_SCALE * 0.1
    other[..., columns.Y] += columns.PLACE_SCALE * 0.1
    assert layout.rights(other, true) == pytest.approx({"count": 1, "kinds": 0, "colours": 1, "off": 0.1})
    other[2, :, columns.THERE] *= -1
    assert layout.rights(other, true)["count"] == 0


@torch.no_grad()
def test_layouts_are_drawn_for_every_task_as_they_are_served(written: Order) -> None:
    recipe = layout.Recipe(replace(written, recipe="layout"))
    recipe.begin()
    for task in range(len(layout.MEASURED)):
        shares = tuple(float(n == task) for n in range(len(layout.MEASURED)))
        sample = film_layout(5, LayoutPlan(layout.HELDOUT, shares))
        assert sample.bucket == (4, 18, 32, task)
        assert recipe.drawn(1, sample).shape == sample.arrays["layout"].shape
        assert sample.arrays["known"].any() == (task > 0)
