import numpy as np
import pytest

from training.world import view
from training.world.chance import Film, Wanted, sample_scene
from training.world.panorama import scenery
from training.world.view import Canvas


@pytest.mark.parametrize("camera", ["static", "pan left", "zoom in", "zoom out"])
def test_a_frame_does_not_depend_on_its_neighbours(camera: str) -> None:
    scene = sample_scene(0, Film(), wanted=Wanted(camera=camera))
    times = np.arange(8) / 4
    film = scenery(scene, Canvas(36, 64), view.camera(scene, times))
    alone = scenery(scene, Canvas(36, 64), view.camera(scene, times[5:6]))
    np.testing.assert_array_equal(film[5], alone[0])


def test_pan_left_moves_the_sky_to_the_right() -> None:
    scene = sample_scene(0, Film(), wanted=Wanted(camera="pan left", sky="sunset"))
    film = scenery(scene, Canvas(36, 64), view.camera(scene, np.array([0.0, 2.0])))
    brightest = film[:, :20].astype(int).sum((1, 3)).argmax(1)
    assert brightest[1] > brightest[0]


def test_zoomed_in_scenery_is_the_middle_of_the_whole() -> None:
    scene = sample_scene(6, Film(), wanted=Wanted(camera="zoom in", material="floor"))
    film = scenery(scene, Canvas(72, 128), view.camera(scene, np.array([0.0, 2.0])))
    half = 0.5 / view.ZOOM
    middle = 1 - (view.ZOOM_Y + (0.5 - view.ZOOM_Y) / view.ZOOM)
    crop = (0.5 - half, middle - half, 0.5 + half, middle + half)
    closer = scenery(scene, Canvas(72, 128, crop), view.camera(scene, np.array([0.0])))
    assert np.abs(film[1].astype(int) - closer[0]).mean() < 3
