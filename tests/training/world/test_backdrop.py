import numpy as np
import pytest

from training.world.backdrop import GROUND, Grid, paint
from training.world.chance import Film, Wanted, sample_scene
from training.world.scene import MATERIALS, SKIES, Scene


def picture(scene: Scene, height: int) -> np.ndarray:
    width = round(height * scene.aspect)
    x = ((np.arange(width) + 0.5) / width * scene.aspect).astype(np.float32)
    y = (1 - (np.arange(height) + 0.5) / height).astype(np.float32)
    return paint(scene, Grid(x, y, 1 / height))


@pytest.mark.parametrize("material", MATERIALS)
def test_the_ground_has_its_colour(material: str) -> None:
    for colour in MATERIALS[material]:
        scene = sample_scene(0, Film(), wanted=Wanted(material=material, ground=colour, sky="day"))
        mean = picture(scene, 72)[-8:].mean((0, 1))
        wanted = np.array(GROUND[colour], float)
        assert np.abs(mean - wanted).max() < 0.15 * wanted.max()


@pytest.mark.parametrize("sky", SKIES)
def test_a_finer_picture_shows_the_same(sky: str) -> None:
    scene = sample_scene(4, Film(), wanted=Wanted(sky=sky, material="floor"))
    coarse, fine = picture(scene, 72), picture(scene, 288)
    shrunk = fine.reshape(72, 4, 128, 4, 3).mean((1, 3))
    assert np.abs(shrunk - coarse).mean() < 2


def test_skies_are_told_apart() -> None:
    tops = [
        picture(sample_scene(0, Film(), wanted=Wanted(sky=sky, material="floor")), 36)[:4].mean((0, 1))
        for sky in SKIES
    ]
    for number, one in enumerate(tops):
        assert all(np.abs(one - two).max() > 20 for two in tops[number + 1 :])
