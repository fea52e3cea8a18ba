import numpy as np
import pytest

from training.measures.onsets import EDGES_HZ, HOP, RATE, bands, step, strength_by_band


def click(at_s: float, length_s: float = 1.0) -> np.ndarray:
    sound = np.zeros(int(length_s * RATE), np.float32)
    start = int(at_s * RATE)
    decay = np.exp(-np.arange(2400) / 400)
    sound[start : start + 2400] = np.random.default_rng(0).standard_normal(2400) * decay
    return sound


def test_bands_hold_the_power_of_a_tone_where_it_is() -> None:
    tone = np.sin(2 * np.pi * 1500 * np.arange(RATE) / RATE).astype(np.float32)
    power = bands(tone)
    assert power.shape == (RATE // HOP, len(EDGES_HZ) - 1)
    assert power[100].argmax() == 7
    assert power[100, 7] > 50 * np.delete(power[100], [6, 7, 8]).max()


@pytest.mark.parametrize("at_s", [0.3, 0.5, 0.77])
def test_a_click_is_a_rise_in_all_bands_when_it_comes(at_s: float) -> None:
    power = bands(click(at_s))
    rise = strength_by_band(power).mean(1)
    assert abs(rise.argmax() * HOP / RATE - at_s) < 0.012
    assert abs(step(power).argmax() * HOP / RATE - at_s) < 0.025


def test_silence_does_not_rise() -> None:
    assert strength_by_band(bands(np.zeros(RATE, np.float32))).max() == 0
