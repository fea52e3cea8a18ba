from typing import Any

import pytest

from training.measures.camera import drift
from training.measures.look import is_pencilled, is_pixelated
from training.measures.place import find_place, rough_horizon
from training.world.scene import STYLES


@pytest.mark.parametrize("style", STYLES)
def test_every_style_is_read(shoot: Any, style: str) -> None:
    for seed, sky in enumerate(("day", "room", "night")):
        _, film = shoot(seed, style=style, sky=sky, camera="static")
        assert find_place(film, drift(film, rough_horizon(film))).style == style


def test_weather_is_not_taken_for_strokes_or_cells(shoot: Any) -> None:
    for weather in ("rain", "snow"):
        _, film = shoot(2, weather=weather, sky="overcast", camera="static")
        assert not is_pencilled(film)
        assert not is_pixelated(film)


def test_a_small_film_has_no_cells(shoot: Any) -> None:
    _, film = shoot(2, style="pixelated")
    assert is_pixelated(film)
    assert not is_pixelated(film[:, ::4, ::4])
