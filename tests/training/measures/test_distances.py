import numpy as np
import pytest

from training.measures.distances import dot, from_line, from_mix

USUAL = np.array([[[100, 50, 20]]], np.float32)


def test_dot_adds_up_over_the_colours() -> None:
    assert dot(USUAL, USUAL).tolist() == [[100.0**2 + 50**2 + 20**2]]


def test_light_within_its_bounds_takes_a_colour_nowhere() -> None:
    assert from_line(USUAL * np.float32(0.7), USUAL, 0.5, 1.2)[0, 0] == pytest.approx(0, abs=1e-3)
    assert from_line(USUAL * np.float32(0.3), USUAL, 0.5, 1.2)[0, 0] > 15
    assert from_line(USUAL[..., ::-1], USUAL, 0.5, 1.2)[0, 0] > 50


def test_what_lies_between_two_colours_is_their_mixture() -> None:
    other = np.array([0, 200, 255], np.float32)
    assert from_mix((USUAL + other) / 2, USUAL, other)[0, 0] == pytest.approx(0, abs=1e-3)
    assert from_mix(2 * USUAL - other, USUAL, other)[0, 0] > 100
