import numpy as np
import pytest

from training.world.waves import CONTROL, RATE, noise, stretch, tone


def test_noise_has_unit_size_and_grows_dull() -> None:
    sharp, dull = (noise(np.random.default_rng(0), 9600, hold) for hold in (2, 32))
    assert sharp.shape == dull.shape == (9600,)
    assert 0.6 < dull.std() < sharp.std() < 1.1
    assert np.abs(np.diff(dull)).mean() < 0.2 * np.abs(np.diff(sharp)).mean()


def test_a_curve_is_drawn_out_in_lines() -> None:
    wave = stretch(np.array([0.0, 1.0, 0.0]), 2 * CONTROL)
    assert wave[CONTROL // 2] == pytest.approx(0.5)
    assert wave[CONTROL] == 1


def test_a_tone_has_its_pitch() -> None:
    wave = tone(np.full(RATE // CONTROL + 2, 440.0), RATE)
    assert np.abs(np.fft.rfft(wave)).argmax() == 440
