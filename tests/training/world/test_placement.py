import numpy as np
import pytest

from training.world import view
from training.world.chance import Film, Wanted, sample_scene
from training.world.physics import simulate
from training.world.scene import CAMERAS
from training.world.view import Canvas


@pytest.mark.parametrize("aspect", [16 / 9, 9 / 16, 1.0])
def test_things_start_inside_the_picture_and_apart(aspect: float) -> None:
    for seed in range(400):
        scene = sample_scene(seed, Film(aspect=aspect))
        for thing in scene.objects:
            assert thing.left <= thing.right
            assert thing.radius < thing.left + 1e-9
            assert thing.right + thing.radius < aspect + 1e-9
        for one, two in zip(scene.objects, scene.objects[1:], strict=False):
            if one.motion != "collide":
                assert one.right + one.radius <= two.left - two.radius


@pytest.mark.parametrize("camera", CAMERAS[1:])
def test_a_moving_camera_never_loses_the_thing(camera: str) -> None:
    times = np.linspace(0, 4, 65)
    for seed in range(60):
        scene = sample_scene(seed, Film(64, 16), wanted=Wanted(camera=camera, count=1, motion="bounce"))
        cam = view.camera(scene, times)
        state = simulate(scene)[0].at(times)
        column = view.to_columns(scene, Canvas(144, 256), cam, state.x)
        row = view.to_rows(Canvas(144, 256), cam, state.y)
        assert 0 < column.min() <= column.max() < 256
        assert 0 < row.min() < row.max() < 144
