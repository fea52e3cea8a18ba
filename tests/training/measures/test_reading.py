from typing import Any

import numpy as np
import pytest

from training.measures.motion import Path
from training.measures.reading import _largest, read_film


def test_a_film_is_read_as_a_whole(shoot: Any) -> None:
    scene, film = shoot(11, motion="roll", sky="day", camera="static")
    reading = read_film(film, 16)
    (thing,), (want,) = reading.things, scene.objects
    assert (thing.colour, thing.shape, thing.size, thing.motion) == (
        want.colour,
        want.shape,
        want.size,
        want.motion,
    )
    assert thing.way == want.way
    assert (reading.sky, reading.ground, reading.camera) == ("day", scene.ground.colour, "static")
    assert (reading.style, reading.weather, reading.fire, reading.steady) == ("plain", "none", False, 1.0)


@pytest.mark.parametrize("motion", ["grow", "shrink"])
def test_the_size_of_what_grows_is_its_own(shoot: Any, motion: str) -> None:
    for size in ("small", "medium", "large"):
        _, film = shoot(2, motion=motion, size=size, camera="static")
        assert [thing.size for thing in read_film(film, 16).things] == [size]


def test_the_size_of_what_grows_out_of_the_picture_is_on_its_line() -> None:
    frame = np.arange(20)
    part = Path(frame, 0.0 * frame, 0.0 * frame, 0.05 + 0.005 * frame, 0.0 * frame, 0.02)
    assert _largest(part, 32) == pytest.approx(0.05 + 0.005 * 31)
    assert _largest(part, 21) == pytest.approx(0.145, abs=0.003)


@pytest.mark.parametrize("shape", [(1, 36, 64, 3), (4, 36, 64), (4, 36, 64, 4)])
def test_what_is_no_film_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="a film is"):
        read_film(np.zeros(shape, np.uint8), 16)


def test_floats_are_refused() -> None:
    with pytest.raises(ValueError, match="float32"):
        read_film(np.zeros((4, 36, 64, 3), np.float32), 16)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(3))
def test_blank_and_noisy_films_give_a_reading(seed: int) -> None:
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (8, 9, 16, 3), dtype=np.uint8).repeat(16, 1).repeat(16, 2)
    assert read_film(blocks, 16).camera
    assert read_film(np.full((8, 144, 256, 3), 60 * seed, np.uint8), 16).things == ()
