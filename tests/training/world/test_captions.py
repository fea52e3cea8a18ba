import re

import numpy as np

from training.world import lexicon
from training.world.captions import caption, own_words, sound_caption, vocabulary
from training.world.chance import Film, Wanted, sample_scene
from training.world.scene import stream

FILM = Film()


def test_no_caption_has_a_word_outside_the_vocabulary_and_none_is_idle() -> None:
    used = set()
    for seed in range(8000):
        scene, rng = sample_scene(seed, FILM), stream(seed, 1)
        for text in (caption(scene, rng), sound_caption(scene, rng)):
            used |= set(re.findall(r"[^\s,.]+", text.lower()))
    assert used == set(own_words())
    assert used <= set(vocabulary())


def test_vocabulary_is_sorted_words() -> None:
    assert list(vocabulary()) == sorted(set(vocabulary()))
    assert all(re.fullmatch("[a-z]+", word) for word in vocabulary())


def test_the_everyday_wording_is_among_them() -> None:
    wanted = Wanted(
        colour="red", shape="ball", motion="bounce", material="floor", ground="blue", camera="static",
        count=1, style="plain", weather="none", fire=False,
    )  # fmt: skip
    scene = sample_scene(0, FILM, wanted=wanted)
    texts = {caption(scene, np.random.default_rng(seed)) for seed in range(3000)}
    assert "a red ball bouncing on a blue floor" in texts
    assert len(texts) > 500


def test_captions_name_what_is_seen() -> None:
    for seed in range(300):
        scene = sample_scene(seed, FILM)
        text = caption(scene, stream(seed, 1)).lower()
        for thing in scene.objects:
            assert any(noun in text for noun in lexicon.NOUNS[thing.shape])
            assert any(colour in text for colour in lexicon.COLOUR_WORDS[thing.colour])


def test_camera_words_lead() -> None:
    scene = sample_scene(0, FILM, wanted=Wanted(camera="pan left"))
    for seed in range(50):
        text = caption(scene, np.random.default_rng(seed)).lower()
        assert text.startswith(lexicon.SHOTS["pan left"])


def test_articles_fit() -> None:
    for seed in range(800):
        scene, rng = sample_scene(seed, FILM), stream(seed, 1)
        text = caption(scene, rng).lower() + " " + sound_caption(scene, rng)
        assert not re.search(r"\ba [aeio]|\ban [^aeiou]", text), text
        assert "  " not in text
        assert "{" not in text


def test_style_weather_and_fire_are_always_named() -> None:
    for seed in range(3000):
        scene = sample_scene(seed, FILM)
        text = caption(scene, stream(seed, 1)).lower()
        styles = {
            name: any(one in text for place in places for one in place)
            for name, places in lexicon.STYLES.items()
        }
        assert [name for name, named in styles.items() if named] == [scene.style] * (scene.style != "plain")
        for weather, names in lexicon.WEATHERS.items():
            assert (scene.weather == weather) == any(one in text for one in names)
        assert (scene.fire is not None) == any(one in text for one in lexicon.FIRES)
        assert "music" not in text
        assert not (scene.weather != "none" and "sunny" in text)


def test_music_rain_and_fire_are_heard() -> None:
    without = 0
    for seed in range(3000):
        scene = sample_scene(seed, FILM)
        text = sound_caption(scene, stream(seed, 1))
        for mood, names in lexicon.MUSIC.items():
            assert (scene.music == mood) == any(one in text for one in names)
        assert (scene.weather == "rain") == any(one in text for one in lexicon.PATTER)
        assert (scene.fire is not None) == any(one in text for one in lexicon.CRACKLE)
        no_music = any(one in text for one in lexicon.NO_MUSIC)
        assert not (no_music and scene.music != "none")
        without += no_music
    assert 100 < without < 300
