from dataclasses import replace

import numpy as np
import pytest

from training.world.chance import Film, Wanted, sample_scene
from training.world.render import render
from training.world.scene import STYLES, Scene
from training.world.strokes import PAINT, PAPER, hatched, sketched

WANTED = Wanted(
    colour="red", shape="square", motion="still", size="large", ground="blue", sky="day", camera="static",
    count=1, style="plain", weather="none", fire=False,
)  # fmt: skip


def drawn(style: str, height: int = 144) -> np.ndarray:
    return render(scene(style), height, height * 16 // 9, frames=[0])[0].astype(int)


def scene(style: str) -> Scene:
    return replace(sample_scene(1, Film(8, 8), wanted=WANTED), style=style)


def middle(style: str) -> tuple[int, int]:
    (thing,) = scene(style).objects
    return round((1 - scene(style).ground.stand - 0.84 * thing.radius) * 144), round(thing.x * 144)


def test_styles_are_told_apart() -> None:
    pictures = [drawn(style) for style in STYLES]
    for number, one in enumerate(pictures):
        assert all(np.abs(one - two).mean() > 1 for two in pictures[number + 1 :])


@pytest.mark.parametrize("style", STYLES)
def test_things_keep_their_colour(style: str) -> None:
    row, column = middle(style)
    red, green, blue = drawn(style)[row - 6 : row + 6, column - 6 : column + 6].mean((0, 1))
    assert red > 190
    assert red - max(green, blue) > 90


def test_flat_is_one_colour() -> None:
    row, column = middle("flat")
    patch = drawn("flat")[row - 8 : row + 8, column - 8 : column + 8]
    assert (patch == PAINT["red"]).all()
    assert np.ptp(drawn("flat")[-8:], axis=(0, 1)).max() == 0
    assert np.ptp(drawn("plain")[row - 8 : row + 8, column - 8 : column + 8], axis=(0, 1)).max() > 10


def test_an_outline_is_dark_and_of_the_same_width_at_any_size() -> None:
    row, column = middle("outlined")
    for scale in (1, 3):
        line = drawn("outlined", 144 * scale)[(row - 3) * scale, (column - 30) * scale : column * scale]
        dark = int((line.max(1) < 70).sum())
        assert 1 * scale <= dark <= 3 * scale
    assert (drawn("flat")[row - 3, column - 30 : column].max(1) >= 70).all()


def test_outlines_of_what_is_dark_are_light() -> None:
    night = replace(scene("outlined"), sky="night")
    row, column = middle("outlined")
    assert render(night, 144, 256, frames=[0])[0, row, :column].min(1).max() > 200


def test_pixels_are_squares_of_one_colour() -> None:
    picture = drawn("pixelated").reshape(36, 4, 64, 4, 3)
    assert np.ptp(picture, axis=(1, 3)).max() == 0
    fine = drawn("pixelated", 288).reshape(36, 8, 64, 8, 3)
    np.testing.assert_array_equal(fine[:, 0, :, 0], picture[:, 0, :, 0])


def test_hatching_is_strokes_between_minus_and_plus_one() -> None:
    across = np.linspace(0, 20, 1000, dtype=np.float32)
    strokes = hatched(across, np.float32(0.5) * np.ones(1, np.float32))
    assert strokes.max() == pytest.approx(1, abs=1e-3)
    assert strokes.min() == pytest.approx(-1, abs=1e-3)


def test_a_sketch_shows_the_paper() -> None:
    dark = np.zeros((40, 60, 3), np.float32)
    line = np.linspace(0, 1, 60, dtype=np.float32)
    sketch = sketched(dark, line, line[:40])
    assert 0.05 * PAPER[0] < sketch[..., 0].mean() < 0.6 * PAPER[0]
    assert np.ptp(sketch[..., 0]) > 60
