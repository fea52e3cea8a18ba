from dataclasses import replace

import numpy as np

from training.recipes.looks import FIGURE, KINDS, codes
from training.world.chance import Film, Wanted, sample_scene
from training.world.scene import COLOURS, SHAPES


def test_codes_tell_shape_and_colour() -> None:
    scene = sample_scene(3, Film(16, 16), "train", Wanted(count=2))
    first, second = scene.objects
    things = np.array([[0, 1], [2, 1]], np.uint8)
    found = codes(scene, things)
    assert found.dtype == np.uint8
    assert found[0, 0] == 0
    for thing, code in ((first, found[0, 1]), (second, found[1, 0])):
        shape, colour = divmod(int(code) - 1, len(COLOURS))
        assert (SHAPES[shape], COLOURS[colour]) == (thing.shape, thing.colour)


def test_a_character_is_no_shape_of_the_world() -> None:
    scene = sample_scene(3, Film(16, 16), "train", Wanted(count=1))
    scene = replace(scene, objects=(replace(scene.objects[0], colour=COLOURS[-1]),))
    code = codes(scene, np.array([1]), figure=True)
    assert (code[0] - 1) // len(COLOURS) == FIGURE == KINDS[0] - 2
    assert code[0] < 256
