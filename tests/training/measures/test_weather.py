from typing import Any

import numpy as np
import pytest

from training.measures.camera import drift
from training.measures.weather import weather


@pytest.mark.parametrize("falls", ["none", "rain", "snow"])
def test_weather_is_read(shoot: Any, falls: str) -> None:
    for seed, sky in enumerate(("day", "night", "overcast")):
        _, film = shoot(seed, weather=falls, sky=sky, camera="static", motion="spin")
        nothing = np.zeros(film.shape[:3], bool)
        assert weather(film, nothing, drift(film)) == falls


def test_grass_under_a_moving_camera_is_no_weather(shoot: Any) -> None:
    _, film = shoot(1, material="grass", camera="pan left", motion="spin")
    assert weather(film, np.zeros(film.shape[:3], bool), drift(film)) == "none"


def test_a_short_film_has_no_weather(shoot: Any) -> None:
    _, film = shoot(1, weather="rain", sky="day", camera="static")
    assert weather(film[:6], np.zeros((6, 144, 256), bool), drift(film[:6])) == "none"
