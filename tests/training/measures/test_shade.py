from typing import Any

import numpy as np
import pytest

from training.measures.camera import drift
from training.measures.place import find_place, rough_horizon
from training.measures.regions import dilate, regions
from training.measures.shade import enclosed, lit_black
from training.measures.things import find_things


def test_enclosed_holes_do_not_touch_the_border() -> None:
    mask = np.ones((1, 7, 9), bool)
    mask[0, 3, 3:5] = mask[0, 0, 5] = False
    holes = regions(~mask)
    assert holes.area[enclosed(holes, mask.shape)].tolist() == [2]


def test_a_shadow_is_not_black(shoot: Any) -> None:
    _, film = shoot(3, motion="spin", colour="red", ground="grey", camera="static")
    black = lit_black(film, find_place(film, drift(film, rough_horizon(film))))
    thing = film[..., 0] > 1.3 * film[..., 1].astype(float)
    assert (black & ~dilate(thing, 3)).mean() < 1e-4


@pytest.mark.parametrize("ground", ["grey", "white", "brown"])
@pytest.mark.parametrize("shape", ["star", "ball", "cross"])
def test_black_things_are_whole_on_every_ground(shoot: Any, ground: str, shape: str) -> None:
    scene, film = shoot(
        2, motion="still", colour="black", shape=shape, ground=ground, sky="day", camera="static"
    )
    (thing,) = find_things(film[:8], find_place(film[:8], drift(film[:8], rough_horizon(film)))).things
    assert (thing.colour, thing.shape, thing.steady) == ("black", shape, 1.0)
    assert np.median(thing.radius) == pytest.approx(scene.objects[0].radius, rel=0.08)
