import numpy as np

from training.measures.ears import candidates, description

RATE = 48_000


def test_descriptions_have_one_length_whatever_the_sound() -> None:
    rng = np.random.default_rng(0)
    sounds = [np.zeros(RATE // 2, np.float32), rng.standard_normal(4 * RATE).astype(np.float32)]
    one, two = (description(sound) for sound in sounds)
    assert one.shape == two.shape
    assert np.isfinite(one).all()
    assert np.isfinite(two).all()


def test_a_click_is_a_candidate_and_silence_has_none() -> None:
    sound = np.zeros(RATE, np.float32)
    assert candidates(sound)[0].size == 0
    sound[RATE // 2 : RATE // 2 + 200] = 0.5
    moments, numbers = candidates(sound)
    assert numbers.shape == (len(moments), 56)
    assert abs(moments - 100).min() <= 3


def test_a_louder_sound_is_described_as_louder() -> None:
    noise = np.random.default_rng(1).standard_normal(RATE).astype(np.float32) * 0.01
    assert (description(10 * noise)[:26] > description(noise)[:26] + 1).all()
