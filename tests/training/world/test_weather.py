from dataclasses import replace

import numpy as np
import pytest

from training.world.chance import Film, Wanted, sample_scene
from training.world.render import render
from training.world.scene import Scene
from training.world.view import Canvas
from training.world.weather import fall

DRY = Wanted(camera="static", count=1, motion="still", style="plain", weather="none", fire=False, sky="night")


def scene(weather: str, seed: int = 3) -> Scene:
    return replace(sample_scene(seed, Film(16, 16), wanted=DRY), weather=weather)


def marks(weather: str, height: int, times: np.ndarray) -> np.ndarray:
    film = np.zeros((times.size, height, height * 16 // 9, 3), np.uint8)
    fall(scene(weather), Canvas(*film.shape[1:3]), times, film)
    return film[..., 0] / 255


@pytest.mark.parametrize("weather", ["rain", "snow"])
def test_weather_marks_a_few_pixels_and_leaves_the_others(weather: str) -> None:
    dry, wet = render(scene("none"), 144, 256).astype(int), render(scene(weather), 144, 256)
    touched = np.abs(wet - dry).max(3) > 25
    assert (touched.mean((1, 2)) > 0.004).all()
    assert (np.abs(wet - dry).max(3) > 0).mean() < 0.08
    thirds = touched.reshape(16, 3, 48, 256).mean((0, 2, 3))
    assert thirds.min() > 0.3 * thirds.max()


def test_no_weather_is_nothing() -> None:
    assert marks("none", 36, np.zeros(1)).max() == 0


@pytest.mark.parametrize(("weather", "speed"), [("rain", 1.75), ("snow", 0.22)])
def test_drops_fall(weather: str, speed: float) -> None:
    step = 1 / 60
    one, two = marks(weather, 360, np.array([0.5, 0.5 + step]))
    rows = [float((two[shift:] * one[: 360 - shift]).sum()) for shift in range(24)]
    assert int(np.argmax(rows)) / 360 == pytest.approx(speed * step, abs=0.35 * speed * step + 1 / 360)


@pytest.mark.parametrize("weather", ["rain", "snow"])
def test_as_much_falls_in_a_large_picture(weather: str) -> None:
    times = np.linspace(0, 1, 6)
    assert marks(weather, 288, times).mean() == pytest.approx(marks(weather, 144, times).mean(), rel=0.12)


def test_a_frame_alone_and_a_part_are_those_of_the_film() -> None:
    film = render(scene("rain"), 144, 256)
    np.testing.assert_array_equal(render(scene("rain"), 144, 256, frames=[9])[0], film[9])
    part = render(scene("rain"), 72, 64, crop=(0.25, 0.5, 0.5, 1.0), frames=[9])[0]
    assert np.abs(film[9, 72:, 64:128].astype(int) - part).max() <= 1


def test_long_films_are_done_in_batches() -> None:
    times = np.arange(200) / 16
    np.testing.assert_array_equal(marks("snow", 72, times)[150], marks("snow", 72, times[150:151])[0])
