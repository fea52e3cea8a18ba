import math

import numpy as np
import torch

from training.recipes.sheets import BINS, marked, spectrogram, stacked


def tone(hertz: float) -> torch.Tensor:
    return 0.5 * torch.sin(2 * math.pi * hertz * torch.arange(24_000) / 48_000)


def test_a_high_tone_is_bright_above_and_a_low_one_below() -> None:
    low, high = (spectrogram(tone(hertz)).astype(int).sum(2)[:, 20] for hertz in (300, 6000))
    assert low.argmax() > high.argmax()
    assert spectrogram(tone(300)).shape == (BINS, 51, 3)
    assert not spectrogram(torch.zeros(24_000)).any()


def test_pictures_are_stacked_with_white_between_them() -> None:
    whole = stacked([np.zeros((3, 9, 3), np.uint8), np.ones((2, 7, 3), np.uint8)])
    assert whole.shape == (9, 7, 3)
    assert whole[3:7].min() == 255
    assert whole[7:].max() == 1


def test_a_cross_marks_a_place_even_beyond_the_edge() -> None:
    frame = np.zeros((20, 40, 3), np.uint8)
    marked(frame, (0.5, 0.25), (1, 2, 3))
    assert frame[5, 20].tolist() == [1, 2, 3]
    assert frame[9, 20, 0] == frame[5, 24, 0] == 1
    marked(frame, (2.0, -1.0), (9, 9, 9))
    assert frame[0, 39, 0] == 9
