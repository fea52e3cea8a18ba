from dataclasses import replace

import numpy as np

from training.world.ambience import surroundings
from training.world.chance import Film, Wanted, sample_scene
from training.world.scene import Ground, Scene
from training.world.sound import RATE, synthesize

QUIET = Wanted(
    camera="static", count=1, motion="still", sky="day", material="floor", fire=False, weather="none",
    music="none",
)  # fmt: skip
STILL = sample_scene(2, Film(64, 16), wanted=QUIET)
RAIN, FIRE = replace(STILL, weather="rain"), replace(STILL, fire=0.3)
NIGHT, BEACH = replace(STILL, sky="night"), replace(STILL, ground=Ground("sand", "yellow", 0.3, 0.15))


def band(wave: np.ndarray, low: float, high: float) -> float:
    power = np.abs(np.fft.rfft(wave)) ** 2 / wave.size
    hertz = np.fft.rfftfreq(wave.size, 1 / RATE)
    return float(power[(hertz >= low) & (hertz < high)].sum() / wave.size)


def heard(scene: Scene) -> np.ndarray:
    return surroundings(scene, 4 * RATE)


def test_a_quiet_place_is_silent() -> None:
    assert not heard(STILL).any()


def test_rain_hisses_high() -> None:
    dry, wet = synthesize(STILL), synthesize(RAIN)
    assert band(wet, 3000, 12000) > 100 * band(dry, 3000, 12000)
    assert band(wet, 3000, 12000) > 3 * band(wet, 0, 1500)


def test_rain_goes_on_and_a_fire_crackles() -> None:
    def peaks(wave: np.ndarray) -> float:
        pieces = np.abs(wave).reshape(-1, RATE // 100).max(1)
        return float(np.percentile(pieces, 97) / np.median(pieces))

    assert peaks(heard(FIRE)) > 1.6 * peaks(heard(RAIN))


def test_crickets_chirp_at_night_but_not_in_the_rain() -> None:
    night = heard(NIGHT)
    assert band(night, 3800, 4800) > 0.9 * band(night, 0, 24000) > 0
    wet_night = heard(replace(NIGHT, weather="rain"))
    np.testing.assert_array_equal(wet_night, heard(RAIN))


def test_the_sea_is_heard_at_the_beach_outside() -> None:
    assert heard(BEACH).any()
    assert not heard(replace(BEACH, sky="room")).any()


def test_the_same_again_and_softer_than_things() -> None:
    for scene in (RAIN, FIRE, NIGHT, BEACH):
        assert heard(scene).tobytes() == heard(scene).tobytes()
        assert 0.004 < np.abs(heard(scene)).max() < 0.2
