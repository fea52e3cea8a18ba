from dataclasses import replace

import numpy as np
import pytest

from training.world.chance import Film, Wanted, sample_scene
from training.world.physics import impacts
from training.world.scene import MATERIALS, SHAPES, Scene
from training.world.sound import RATE, synthesize

QUIET = Wanted(sky="room", camera="static", count=1, weather="none", fire=False, music="none")


def bouncing(shape: str, seed: int = 0, material: str = "floor") -> Scene:
    return sample_scene(
        seed, Film(64, 16), wanted=replace(QUIET, shape=shape, motion="bounce", material=material)
    )


def loudness(wave: np.ndarray, start_s: float, end_s: float) -> float:
    part = wave[max(0, round(start_s * RATE)) : round(end_s * RATE)]
    return float(np.sqrt((part**2).mean()))


@pytest.mark.parametrize(("frames", "fps"), [(32, 16), (256, 16), (48, 24), (1, 24)])
def test_exactly_as_long_as_the_picture(frames: int, fps: int) -> None:
    wave = synthesize(sample_scene(1, Film(frames, fps)))
    assert wave.dtype == np.float32
    assert wave.shape == (frames * RATE // fps,)


def test_same_seed_same_samples_never_too_loud() -> None:
    for seed in range(40):
        wave = synthesize(sample_scene(seed, Film()))
        assert np.abs(wave).max() <= 0.9 + 1e-6
        assert wave.tobytes() == synthesize(sample_scene(seed, Film())).tobytes()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("material", MATERIALS)
def test_first_hit_sets_in_within_ten_milliseconds(shape: str, material: str) -> None:
    scene = bouncing(shape, 0, material)
    wave = synthesize(scene)
    first = impacts(scene)[0].time_s
    onset = float(np.flatnonzero(np.abs(wave) > 0.1 * np.abs(wave).max())[0]) / RATE
    assert -1 / RATE < onset - first < 0.010


def test_every_hit_is_heard() -> None:
    scene = bouncing("square", 3)
    wave = synthesize(scene)
    hits = impacts(scene)
    assert len(hits) >= 3
    for hit in hits:
        assert loudness(wave, hit.time_s, hit.time_s + 0.02) > 3 * loudness(
            wave, hit.time_s - 0.03, hit.time_s
        )


def test_stillness_is_nearly_silent() -> None:
    scene = sample_scene(0, Film(), wanted=replace(QUIET, motion="still"))
    assert 0 < np.abs(synthesize(scene)).max() < 0.02


@pytest.mark.parametrize("motion", ["roll", "slide", "spin", "rise", "grow", "shrink", "swing"])
def test_motions_are_heard(motion: str) -> None:
    scene = sample_scene(0, Film(), wanted=replace(QUIET, motion=motion))
    assert loudness(synthesize(scene), 0.2, 1.2) > 0.02


def test_rolling_dies_away() -> None:
    wave = synthesize(sample_scene(0, Film(), wanted=replace(QUIET, motion="roll")))
    assert loudness(wave, 0.1, 0.5) > 2 * loudness(wave, 1.5, 1.9)


def test_large_things_sound_deeper() -> None:
    centres = []
    for size in ("small", "large"):
        wanted = replace(QUIET, shape="ring", motion="fall", size=size, material="floor")
        wave = synthesize(sample_scene(0, Film(), wanted=wanted))
        power = np.abs(np.fft.rfft(wave)) ** 2
        centres.append((np.fft.rfftfreq(wave.size, 1 / RATE) * power).sum() / power.sum())
    assert centres[1] < 0.75 * centres[0]
