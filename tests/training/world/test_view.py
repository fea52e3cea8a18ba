import numpy as np
import pytest

from training.world import view
from training.world.chance import Film, Wanted, sample_scene
from training.world.scene import CAMERAS
from training.world.view import Canvas


@pytest.mark.parametrize("camera", CAMERAS)
def test_columns_and_rows_undo_each_other(camera: str) -> None:
    scene = sample_scene(0, Film(), wanted=Wanted(camera=camera))
    canvas = Canvas(90, 160, (0.25, 0.1, 0.75, 0.6))
    cam = view.camera(scene, np.array([0.0]))
    x = cam.x + (view.columns(scene, canvas) - scene.aspect / 2) / cam.zoom
    y = cam.y + (view.rows(canvas) - 0.5) / cam.zoom
    np.testing.assert_allclose(view.to_columns(scene, canvas, cam, x), np.arange(160) + 0.5)
    np.testing.assert_allclose(view.to_rows(canvas, cam, y), np.arange(90) + 0.5)


def test_the_camera_does_what_it_is_called() -> None:
    ends = np.array([0.0, 2.0])
    cams = {name: view.camera(sample_scene(0, Film(), wanted=Wanted(camera=name)), ends) for name in CAMERAS}
    assert np.diff(cams["pan left"].x)[0] < -0.2
    assert np.diff(cams["pan right"].x)[0] > 0.2
    assert cams["zoom in"].zoom[1] > 1.4 > cams["zoom in"].zoom[0] == 1
    assert np.diff(cams["tilt up"].y)[0] > 0.15
    assert np.diff(cams["tilt down"].y)[0] < -0.15
    assert max(cams["tilt up"].y.max(), cams["tilt down"].y.max()) == 0.5
    assert cams["push in"].zoom[1] > 1.4 > cams["push in"].zoom[0] == 1
    assert cams["pull out"].zoom[0] > 1.4 > cams["pull out"].zoom[1] == 1
    assert cams["zoom out"].zoom[0] > 1.4 > cams["zoom out"].zoom[1] == 1
