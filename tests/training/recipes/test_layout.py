import json
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from services.contract import layout as columns
from training.recipes import layout
from training.recipes.feed import Sample
from training.recipes.order import Order
from training.recipes.sources import film_layout


def test_it_learns_and_the_text_encoder_does_not(written: Order) -> None:
    recipe = layout.Recipe(replace(written, recipe="layout"))
    recipe.begin()
    samples = [film_layout(seed, layout.HELDOUT) for seed in range(4)]
    layouts = torch.from_numpy(np.stack([sample.arrays["layout"] for sample in samples]))
    loss = partial(recipe.loss, (4, 18, 32), layouts, [sample.texts[0] for sample in samples])

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
    lines = [json.loads(line) for line in (written.work / "layout.jsonl").read_text().splitlines()]
    right = json.loads(next(line["right"] for line in lines if "right" in line))
    assert set(right) == {"count", "kinds", "colours"}


def test_a_batch_has_as_many_tokens_whatever_the_length(written: Order) -> None:
    recipe = layout.Recipe(written)
    captions = {length: recipe.size.captions((length, 18, 32)) for length in (1, 4, 8)}
    assert captions[1] == 4 * captions[4] == 16
    assert captions[8] == 2


def test_text_is_left_out_of_some(written: Order) -> None:
    recipe = layout.Recipe(written)
    torch.manual_seed(0)
    assert 0.05 < np.mean([recipe._left_out([""] * 50) for _ in range(20)]) < 0.15


def test_what_is_right_of_a_layout() -> None:
    true = film_layout(3, layout.HELDOUT)
    same = layout.rights(true.arrays["layout"], true)
    assert same == {"count": True, "kinds": True, "colours": True}
    other = true.arrays["layout"].copy()
    other[0, :, columns.KIND] = np.roll(other[0, :, columns.KIND], 1, axis=-1)
    assert layout.rights(other, true) == {"count": True, "kinds": False, "colours": True}
    other[2, :, columns.THERE] *= -1
    assert not layout.rights(other, Sample((), true.arrays, true.texts))["count"]
