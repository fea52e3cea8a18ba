from dataclasses import replace

import numpy as np
import torch

from services.contract import layout as columns
from training.recipes import layout_reader
from training.recipes.batches import Batch
from training.recipes.order import Order
from training.recipes.sources import film

SIZE = (8, 8)


def test_it_learns_what_films_show(written: Order) -> None:
    recipe = layout_reader.Recipe(replace(written, recipe="layout_reader"))
    recipe.begin()
    samples = [film(seed, recipe.size.films) for seed in range(12)]
    for length in (1, 2):
        some = [sample for sample in samples if sample.bucket[0] == length]
        arrays = {
            name: torch.from_numpy(np.stack([s.arrays[name] for s in some])) for name in ("video", "layout")
        }
        recipe.encode(Batch(some[0].bucket, arrays, [s.texts for s in some]))
    bucket = next(bucket for bucket in recipe.replay.seen if bucket[0] == 2)

    def measured() -> float:
        torch.manual_seed(1)
        return float(torch.stack([recipe.loss(bucket).detach() for _ in range(4)]).mean())

    before = measured()
    recipe.trainer.pace.part = 0.2
    for _ in range(25):
        recipe.trainer.step(lambda: recipe.loss(bucket))
    assert measured() < 0.7 * before
    recipe.save()
    assert written.checkpoint("layout_reader").exists()


def one(x: float, slot: int, radius: float = 0.25) -> torch.Tensor:
    """A layout [1,K,1,A] of a thing at x."""
    layout = torch.full((1, columns.SLOTS, 1, columns.COLUMNS), -1.0)
    layout[..., columns.X.start :] = 0.0
    thing = layout[0, slot, 0]
    thing[columns.THERE], thing[columns.COSINE] = 1.0, 1.0
    thing[columns.X] = columns.PLACE_SCALE * x
    thing[columns.RADIUS] = columns.RADIUS_SCALE * (radius - columns.RADIUS_MIDDLE)
    return layout


def test_cells_are_asked_for_the_thing_that_they_are_within() -> None:
    layout = one(-0.25, 0)
    layout[:, 2] = one(0.25, 2)[:, 2]
    rows, there = layout_reader.asked(layout, *SIZE)
    assert rows.shape == (1, 1, 64, columns.COLUMNS)
    within = there.reshape(8, 8)
    assert within.sum() == 24
    assert not within[0].any()
    found = rows.reshape(8, 8, -1)
    assert torch.equal(found[4, 1], layout[0, 0, 0])
    assert torch.equal(found[4, 6], layout[0, 2, 0])


def test_nothing_is_asked_where_nothing_is() -> None:
    layout = one(0.0, 1)
    layout[..., columns.THERE] = -1.0
    assert not layout_reader.asked(layout, *SIZE)[1].any()


def test_what_is_said_right_has_no_error(written: Order) -> None:
    recipe = layout_reader.Recipe(replace(written, recipe="layout_reader"))
    layout = one(-0.25, 0)
    layout[:, columns.GROUND] = 0.5
    rows, there = layout_reader.asked(layout, *SIZE)
    said = torch.cat([rows, layout[:, columns.GROUND, :, None]], dim=2)
    said[:, :, :-1, columns.THERE] = 2 * there - 1
    assert recipe.error(said, layout, *SIZE) == 0
    # Where no thing is, no more is asked.
    said[:, :, 0, columns.KIND.start :] = 9.0
    assert recipe.error(said, layout, *SIZE) == 0
    said[:, :, -1, columns.X] += 1.0
    assert recipe.error(said, layout, *SIZE) > 0
