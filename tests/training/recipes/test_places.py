import numpy as np
import pytest

from training.recipes.places import COUNT, HEIGHTS, places, shape_number
from training.world.chance import Film, Wanted, sample_scene
from training.world.physics import simulate
from training.world.scene import SHAPES


def test_contact_answers_at_impacts_and_not_high_above_the_ground() -> None:
    scene = sample_scene(3, Film(96, 24), wanted=Wanted(motion="bounce", count=1))
    said = places(scene, np.arange(96))
    assert said.shape == (96, COUNT)
    impact = round(simulate(scene)[0].impacts[0].time_s * 24)
    highest = int(said[:, 1].argmax())
    assert said[impact - 1 : impact + 2, 6].max() > 0.3
    assert said[highest, 6] < 0.01


def test_the_nearest_of_the_heights_answers_most() -> None:
    scene = sample_scene(3, Film(96, 24), wanted=Wanted(motion="bounce", count=1))
    said = places(scene, np.arange(96))
    for row in said:
        assert abs(HEIGHTS[row[7:].argmax()] - row[1]) <= 0.02 or row[1] > HEIGHTS[-1]


@pytest.mark.parametrize("shape", ["ball", "star"])
def test_shapes_by_number(shape: str) -> None:
    scene = sample_scene(5, Film(16, 16), wanted=Wanted(shape=shape, motion="spin", count=1))
    assert SHAPES[shape_number(scene)] == shape
