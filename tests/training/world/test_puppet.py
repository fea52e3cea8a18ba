from itertools import product

import numpy as np
import pytest

from training.world.anatomy import BODIES, EYES, FOOT_Y, LEGS, PATTERNS, REACH, TOPS
from training.world.puppet import Figure, paint, shaded

LINE = np.linspace(-1.5, 1.5, 61, dtype=np.float32)
X, Y = LINE[None, None, :], LINE[None, ::-1, None]
SHARP = np.full((1, 1, 1), 20, np.float32)


def _painted(figure: Figure) -> tuple[np.ndarray, np.ndarray]:
    colour, cover = paint(figure, (X, Y), SHARP, shaded(X, Y))
    return colour[0], cover[0]


@pytest.mark.parametrize("body", BODIES)
def test_figures_lie_within_their_reach_and_above_their_foot(body: str) -> None:
    for top, legs in product(TOPS, LEGS):
        _, cover = _painted(Figure(body, "red", "white", top, "two", legs, "plain"))
        rows, columns = np.nonzero(cover > 0.5)
        assert np.abs(LINE[columns]).max() < REACH
        assert -LINE[rows].min() < REACH
        assert LINE[rows].max() == pytest.approx(FOOT_Y, abs=0.08)


def test_cover_and_colour_are_within_their_bounds() -> None:
    for pattern, eyes in product(PATTERNS, EYES):
        colour, cover = _painted(Figure("bell", "white", "yellow", "crown", eyes, "none", pattern))
        assert cover.min() >= 0
        assert cover.max() <= 1
        assert colour.min() >= 0
        assert colour.max() <= 255


def test_every_part_is_seen() -> None:
    plain = Figure("round", "red", "blue", "bare", "two", "none", "plain")
    parts = {"body": BODIES, "top": TOPS, "eyes": EYES, "legs": LEGS, "pattern": PATTERNS}
    for name, choices in parts.items():
        looks = [_seen(Figure(**{**vars(plain), name: choice})) for choice in choices]
        for index, one in enumerate(looks):
            for other in looks[index + 1 :]:
                assert (np.abs(one - other).max(-1) > 60).sum() > 30, name


def _seen(figure: Figure) -> np.ndarray:
    colour, cover = _painted(figure)
    return colour * cover[..., None]


def test_the_colours_are_those_of_the_figure() -> None:
    colour, cover = _painted(Figure("box", "green", "purple", "bare", "two", "two legs", "half"))
    left, right = colour[40, 24], colour[40, 36]
    assert cover[40, 24] == cover[40, 36] == 1
    assert left[0] > left[1]
    assert left[2] > left[1]
    assert right[1] > max(right[0], right[2])
