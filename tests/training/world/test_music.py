from dataclasses import replace

import numpy as np
import pytest

from training.world.chance import Film, Wanted, sample_scene
from training.world.music import music
from training.world.physics import impacts
from training.world.scene import MOODS, Scene
from training.world.sound import RATE, synthesize

QUIET = Wanted(
    camera="static", count=1, sky="room", material="floor", fire=False, weather="none", music="none"
)


def scene(mood: str, seed: int = 0) -> Scene:
    return replace(sample_scene(seed, Film(64, 16), wanted=QUIET), music=mood)


def centre(wave: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(wave)) ** 2
    return float((np.fft.rfftfreq(wave.size, 1 / RATE) * power).sum() / power.sum())


def test_no_music_is_silence() -> None:
    assert not music(scene("none"), 1000).any()


@pytest.mark.parametrize("mood", MOODS[1:])
def test_music_is_soft_goes_on_and_is_the_same_again(mood: str) -> None:
    for seed in range(12):
        wave = music(scene(mood, seed), 4 * RATE)
        assert 0.03 < np.abs(wave).max() < 0.12
        loud = np.sqrt((wave[: 3 * RATE].reshape(3, -1) ** 2).mean(1))
        assert loud.min() > 0.4 * loud.max()
        assert wave.tobytes() == music(scene(mood, seed), 4 * RATE).tobytes()


def test_moods_differ_in_height() -> None:
    heights = [[centre(music(scene(mood, seed), 2 * RATE)) for seed in range(12)] for mood in MOODS[1:]]
    happy, sad, tense = heights
    assert min(happy) > max(sad) > min(sad) > max(tense) * 0.9
    assert min(happy) > 1.3 * max(sad)


def test_happy_music_is_quick() -> None:
    def beats(mood: str) -> int:
        wave = np.abs(music(scene(mood), 4 * RATE)).reshape(-1, RATE // 100).max(1)
        return int(((wave[1:] > 0.5 * wave.max()) & (wave[:-1] <= 0.5 * wave.max())).sum())

    assert beats("happy") > 20 > 12 > beats("sad")


@pytest.mark.parametrize("mood", MOODS[1:])
def test_hits_stay_louder_than_music(mood: str) -> None:
    for seed in range(8):
        bouncing = sample_scene(seed, Film(64, 16), wanted=replace(QUIET, motion="bounce"))
        hit = impacts(bouncing)[0]
        start = round(hit.time_s * RATE)
        wave = synthesize(replace(bouncing, music=mood))[start : start + 960]
        assert np.abs(wave).max() > 2 * np.abs(music(replace(bouncing, music=mood), 4 * RATE)).max()


def test_music_changes_nothing_else() -> None:
    with_music, without = synthesize(scene("happy", 3)), synthesize(scene("none", 3))
    np.testing.assert_allclose(with_music - without, music(scene("happy", 3), without.size), atol=1e-6)
