from typing import Any

import numpy as np
import pytest

from training.measures.camera import drift
from training.measures.place import rough_horizon
from training.world.scene import CAMERAS


@pytest.mark.parametrize("camera", CAMERAS)
def test_every_camera_is_read(shoot: Any, camera: str) -> None:
    for seed in range(3):
        scene, film = shoot(seed, camera=camera, motion="bounce")
        assert drift(film, rough_horizon(film)).camera == scene.camera


def test_a_pan_is_measured_in_picture_heights(shoot: Any) -> None:
    _, film = shoot(5, camera="pan left", motion="spin")
    assert drift(film).x[-1] == pytest.approx(0.5 * 31 / 32, abs=0.01)


def test_a_pan_played_backwards_goes_the_other_way(shoot: Any) -> None:
    _, film = shoot(5, camera="pan left", motion="spin")
    assert drift(film[::-1]).camera == "pan right"


@pytest.mark.parametrize("camera", ["static", "pan left", "tilt down"])
def test_strokes_of_a_pencil_do_not_hide_the_camera(shoot: Any, camera: str) -> None:
    for seed in range(2):
        _, film = shoot(seed, camera=camera, motion="spin", style="pencil", sky="night")
        assert drift(film, rough_horizon(film)).camera == camera


def test_a_thing_that_grows_on_an_even_ground_is_no_camera(shoot: Any) -> None:
    _, film = shoot(3, camera="static", motion="grow", style="flat", sky="overcast", size="large")
    assert drift(film, rough_horizon(film)).camera == "static"


def test_a_blank_film_stands_still() -> None:
    moved = drift(np.full((8, 144, 256, 3), 90, np.uint8))
    assert moved.camera == "static"
    assert moved.x.tolist() == [0.0] * 8


def test_two_frames_tell_nothing() -> None:
    assert drift(np.zeros((2, 36, 64, 3), np.uint8)).camera == "static"
