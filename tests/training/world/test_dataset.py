import json

import numpy as np
import pytest

from training.world.chance import Film, Wanted, sample_scene
from training.world.dataset import SIZES, clip, facts


@pytest.mark.parametrize("size", SIZES)
def test_a_clip_has_the_asked_geometry(size: tuple[int, int]) -> None:
    film = clip(3, 8, size, 24)
    assert film.frames.shape == (8, size[1], size[0], 3)
    assert film.frames.dtype == np.uint8
    assert film.sound.shape == (16_000,)
    assert film.caption
    assert film.sound_caption


def test_a_clip_is_reproducible() -> None:
    one, two = clip(21, 8), clip(21, 8)
    assert one.frames.tobytes() == two.frames.tobytes()
    assert one.sound.tobytes() == two.sound.tobytes()
    assert (one.caption, one.sound_caption, one.scene) == (two.caption, two.sound_caption, two.scene)


def test_frame_rates_share_pictures_and_words() -> None:
    slow, fast = clip(4, 16, fps=8), clip(4, 32, fps=16)
    np.testing.assert_array_equal(slow.frames, fast.frames[::2])
    np.testing.assert_array_equal(slow.sound, fast.sound)
    assert slow.caption == fast.caption


def test_facts_are_plain_values() -> None:
    film = clip(2, 32)
    found = facts(film.scene)
    assert json.loads(json.dumps(found)) == found
    assert found["count"] == len(film.scene.objects)
    assert found["impacts"]
    assert all(0 <= hit["time_s"] < 2 for hit in found["impacts"])


def test_facts_tell_style_weather_fire_and_music() -> None:
    wanted = Wanted(style="flat", weather="rain", fire=True, music="tense", camera="tilt up")
    found = facts(sample_scene(0, Film(), wanted=wanted))
    told = [found[name] for name in ("style", "weather", "fire", "music", "camera")]
    assert told == ["flat", "rain", True, "tense", "tilt up"]
