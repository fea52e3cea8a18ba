from typing import Any

import numpy as np
import pytest

from training.measures.camera import drift
from training.measures.cells import _enlarged, unmixed
from training.measures.foreground import foreground
from training.measures.place import find_place, rough_horizon
from training.measures.things import find_things


def test_shares_are_joined_by_straight_lines() -> None:
    large = _enlarged(np.array([[[0, 1], [0, 1]]], np.float32), 8, 8)
    assert large[0, 3].tolist() == pytest.approx([0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1])


def test_the_outline_of_a_thing_in_cells_is_smooth_and_its_colour_even(shoot: Any) -> None:
    _, film = shoot(
        4, style="pixelated", colour="red", shape="ball", size="large", ground="blue", sky="overcast",
        motion="still", camera="static",
    )  # fmt: skip
    place = find_place(film, drift(film, rough_horizon(film)))
    mask = foreground(film, place)
    even, smooth = unmixed(film, mask, place)
    corners = [
        mask[0, ::4, ::4].sum() * 16 - smooth[0].sum(),
        smooth[0, ::4, ::4].sum() * 16 - smooth[0].sum(),
    ]
    assert abs(corners[1]) < abs(corners[0])
    inside = even[0][smooth[0]].astype(int)
    assert (inside[:, 0] > inside[:, 2] + 60).all()


@pytest.mark.parametrize("shape", ["cross", "star", "triangle", "heart", "diamond"])
def test_small_things_in_cells_are_read(shoot: Any, shape: str) -> None:
    scene, film = shoot(
        1, style="pixelated", shape=shape, colour="purple", size="medium", ground="brown", motion="hop",
        camera="static",
    )  # fmt: skip
    (thing,) = find_things(film, find_place(film, drift(film, rough_horizon(film)))).things
    assert (thing.colour, thing.shape) == ("purple", shape)
    assert thing.steady >= 0.97
    assert np.median(thing.radius) == pytest.approx(scene.objects[0].radius, rel=0.12)
