from typing import Any

import pytest

from training.measures.camera import drift
from training.measures.place import SKIES, find_place, rough_horizon
from training.world.scene import MATERIALS


@pytest.mark.parametrize("sky", SKIES)
def test_sky_ground_and_horizon_are_read(shoot: Any, sky: str) -> None:
    for seed, ground in enumerate(MATERIALS["floor"]):
        scene, film = shoot(seed, sky=sky, ground=ground, material="floor", camera="static")
        place = find_place(film, drift(film, rough_horizon(film)))
        assert (place.sky, place.ground, place.style) == (sky, ground, "plain")
        assert place.horizon[0] == pytest.approx((1 - scene.ground.horizon) * 144, abs=2)


def test_the_horizon_goes_along_with_a_tilt(shoot: Any) -> None:
    scene, film = shoot(1, camera="tilt down", motion="spin")
    place = find_place(film, drift(film, rough_horizon(film)))
    assert place.horizon[0] == pytest.approx((1 - scene.ground.horizon) * 144, abs=2)
    assert place.horizon[-1] < place.horizon[0] - 20
