import numpy as np
import pytest

from training.world import view
from training.world.chance import Film, Wanted, sample_scene
from training.world.panorama import scenery
from training.world.scene import CAMERAS, Scene
from training.world.view import Canvas


@pytest.mark.parametrize("camera", CAMERAS)
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


def horizon(frame: np.ndarray) -> int:
    """First row from below that is no longer the ground's colour."""
    column = frame[:, 5].astype(int)
    return int(np.flatnonzero(np.abs(column - column[-1]).max(1) > 60).max())


def flat(camera: str) -> Scene:
    wanted = Wanted(camera=camera, style="flat", material="floor", ground="red", sky="day", fire=False)
    return sample_scene(0, Film(), wanted=wanted)


def test_a_tilt_moves_the_horizon_and_nothing_sideways() -> None:
    scene = flat("tilt up")
    film = scenery(scene, Canvas(144, 256), view.camera(scene, np.array([0.0, 1.0, 2.0])))
    rows = [horizon(frame) for frame in film]
    assert rows[2] - rows[1] == pytest.approx(0.1 * 144, abs=1)
    assert rows[1] - rows[0] == pytest.approx(0.1 * 144, abs=1)
    np.testing.assert_array_equal(film[0, 100:], film[0, 100:, :1].repeat(256, 1))
    back = flat("tilt down")
    other = scenery(back, Canvas(144, 256), view.camera(back, np.array([0.0, 2.0])))
    assert horizon(other[0]) > horizon(other[1])


def test_a_push_leaves_the_sky_and_brings_the_ground_nearer() -> None:
    wanted = Wanted(camera="push in", material="stone", sky="day", style="plain")
    scene = sample_scene(3, Film(), wanted=wanted)
    film = scenery(scene, Canvas(144, 256), view.camera(scene, np.array([0.0, 2.0]))).astype(int)
    sky = round((1 - scene.ground.horizon) * 144) - 2
    np.testing.assert_array_equal(film[0, :sky], film[1, :sky])
    near = round((1 - scene.ground.horizon + view.ZOOM * (scene.ground.horizon - scene.ground.stand)) * 144)
    far = round((1 - scene.ground.stand) * 144)
    columns = np.arange(128 - 40, 128 + 40)
    enlarged = (128 + (columns + 0.5 - 128) * view.ZOOM).astype(int)
    assert np.abs(film[1, near, enlarged] - film[0, far, columns]).mean() < 2
    assert np.abs(film[1, far] - film[0, far]).mean() > 4
