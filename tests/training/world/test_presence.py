from dataclasses import replace

import numpy as np
import pytest

from training.world.chance import Film, Wanted, sample_scene
from training.world.presence import layout, presence
from training.world.render import render
from training.world.scene import Scene

ONE_BALL = Wanted(shape="ball", sky="day", count=1, style="plain", weather="none", fire=False)


def shown(motion: str, camera: str) -> Scene:
    return sample_scene(5, Film(16, 16), "train", replace(ONE_BALL, motion=motion, camera=camera))


@pytest.mark.parametrize(
    ("motion", "camera"), [("bounce", "static"), ("spin", "zoom in"), ("swing", "pan left")]
)
def test_a_thing_is_where_the_film_changes_with_its_colour(motion: str, camera: str) -> None:
    scene = shown(motion, camera)
    (thing,) = scene.objects
    other = replace(scene, objects=(replace(thing, colour="red" if thing.colour != "red" else "blue"),))
    changed = (render(scene, 144, 256) != render(other, 144, 256)).any(-1)
    cells = changed.reshape(16, 18, 8, 32, 8).any((2, 4))
    found = presence(scene, 18, 32)
    assert found.shape == (16, 18, 32)
    assert not (cells & (found == 0)).any()
    assert found.sum() < 2.5 * cells.sum()


def test_chosen_frames_are_those_of_the_film() -> None:
    scene = shown("roll", "static")
    whole = presence(scene, 18, 32)
    assert np.array_equal(presence(scene, 18, 32, [4, 9]), whole[[4, 9]])
    assert not np.array_equal(whole[0], whole[-1])


def test_the_number_in_a_cell_is_that_of_the_thing_there() -> None:
    scene = sample_scene(5, Film(16, 16), "train", replace(ONE_BALL, count=2, motion="roll", camera="static"))
    found = layout(scene, 18, 32)
    assert set(np.unique(found)) == {0, 1, 2}
    assert np.array_equal(found > 0, presence(scene, 18, 32) > 0)
    first = layout(replace(scene, objects=scene.objects[:1]), 18, 32)
    assert set(np.unique(first)) == {0, 1}
    assert not (first[found == 1] == 0).any()
