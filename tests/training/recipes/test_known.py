from collections.abc import Iterator

import numpy as np
import pytest

from services.contract import layout as columns
from training.recipes.known import as_read, before_and_after, shuffled
from training.recipes.layouts import layout_of
from training.world.chance import Film, sample_scene
from training.world.edits import Edit, sample_edit

FILM = Film(32, 16, 16 / 9)


def edits(kind: str) -> Iterator[Edit]:
    for seed in range(6):
        yield sample_edit(seed, FILM, kind=kind)


def test_what_is_read_is_nearly_so_and_only_of_the_first_frames() -> None:
    offs, missed = [], []
    for seed in range(60):
        layout = layout_of(sample_scene(seed, FILM))[:, :2]
        known = as_read(np.random.default_rng(seed), layout, 4)
        assert known.shape == (columns.SLOTS, 4, columns.COLUMNS + 1)
        assert known.dtype == np.float32
        assert not known[:, 2:].any()
        read = known[:, :2, -1] == 1
        assert not known[:, :2][~read].any()
        assert read[columns.GROUND].all()
        missed.append(1 - read[: columns.THINGS].mean())
        places = slice(columns.X.start, columns.Y.stop)
        offs.append(np.abs(known[:, :2, :-1] - layout)[read][:, places].mean())
    assert 0.005 < np.mean(offs) < 0.04
    assert 0.01 < np.mean(missed) < 0.1


def test_slots_without_things_are_read_as_empty() -> None:
    layout = layout_of(sample_scene(1, FILM))
    empty = layout[:, 0, 0] < 0
    known = as_read(np.random.default_rng(0), layout, 4)
    assert empty.any()
    read = known[empty][known[empty][..., -1] == 1]
    assert (read[:, columns.THERE] == -1).all()


def test_all_layouts_are_shuffled_alike_and_the_ground_stays() -> None:
    layout = layout_of(sample_scene(3, FILM))
    orders = set()
    for seed in range(20):
        one, two = shuffled(np.random.default_rng(seed), layout, layout[:, :1])
        assert (one[:, :1] == two).all()
        assert (one[columns.GROUND] == layout[columns.GROUND]).all()
        orders.add(tuple(one[:, 0, columns.X.start].tolist()))
    assert len(orders) > 1


@pytest.mark.parametrize(("kind", "changed"), [("colour", columns.COLOUR), ("shape", columns.KIND)])
def test_an_edited_thing_keeps_its_slot(kind: str, changed: slice) -> None:
    for edit in edits(kind):
        before, after = before_and_after(edit)
        differs = (before != after).any((1, 2))
        assert differs.sum() == 1
        slot = int(differs.argmax())
        others = np.ones(columns.COLUMNS, bool)
        others[changed] = False
        if kind == "colour":
            assert (before[slot][:, others] == after[slot][:, others]).all()


def test_things_that_stay_keep_their_slots() -> None:
    for kind, came in (("remove", -1), ("add", 1)):
        for edit in edits(kind):
            before, after = before_and_after(edit)
            there = (before[:, 0, 0] > 0), (after[:, 0, 0] > 0)
            assert there[1].sum() - there[0].sum() == came
            both = there[0] & there[1]
            assert (before[both][..., : columns.X.start] == after[both][..., : columns.X.start]).all()
