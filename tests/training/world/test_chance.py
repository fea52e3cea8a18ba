from dataclasses import replace

import pytest

from training.world.chance import Film, Wanted, sample_scene
from training.world.scene import CAMERAS, MOODS, SKIES, STYLES, WEATHERS, is_heldout


def test_training_never_shows_a_heldout_combination() -> None:
    for seed in range(1500):
        for thing in sample_scene(seed, Film()).objects:
            assert not is_heldout(thing.colour, thing.shape, thing.motion)


def test_heldout_shows_nothing_else() -> None:
    for seed in range(300):
        for thing in sample_scene(seed, Film(), "heldout").objects:
            assert is_heldout(thing.colour, thing.shape, thing.motion)


def test_a_seed_is_a_scene() -> None:
    assert sample_scene(11, Film()) == sample_scene(11, Film())
    assert sample_scene(11, Film()) != sample_scene(12, Film())


def test_frame_rate_changes_nothing_else() -> None:
    for seed in range(50):
        slow, fast = sample_scene(seed, Film(32, 16)), sample_scene(seed, Film(48, 24))
        assert replace(slow, fps=24, frames=48) == fast


def test_what_is_wanted_is_shown() -> None:
    wanted = Wanted(
        colour="red",
        shape="ball",
        motion="bounce",
        size="large",
        ground="blue",
        sky="night",
        camera="static",
        count=1,
    )
    for seed in range(20):
        scene = sample_scene(seed, Film(), wanted=wanted)
        (thing,) = scene.objects
        assert (thing.colour, thing.shape, thing.motion, thing.size) == ("red", "ball", "bounce", "large")
        assert (scene.ground.colour, scene.sky, scene.camera) == ("blue", "night", "static")


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="heldout"):
        sample_scene(0, Film(), "heldout", Wanted(colour="red", shape="ball", motion="bounce"))
    with pytest.raises(ValueError, match="turquoise"):
        sample_scene(0, Film(), wanted=Wanted(ground="turquoise"))


def test_things_differ_from_each_other_and_from_the_ground() -> None:
    skies = set()
    for seed in range(300):
        scene = sample_scene(seed, Film())
        colours = [thing.colour for thing in scene.objects]
        assert len(set(colours)) == len(colours)
        assert scene.ground.colour not in colours
        skies.add(scene.sky)
    assert skies == set(SKIES)


def test_no_room_on_the_grass() -> None:
    assert "room" not in {
        sample_scene(seed, Film(), wanted=Wanted(material="grass")).sky for seed in range(40)
    }


def test_the_plain_case_stays_the_usual_one() -> None:
    scenes = [sample_scene(seed, Film()) for seed in range(4000)]

    def share(*kept: bool) -> float:
        return sum(kept) / len(scenes)

    assert share(*(scene.style != "plain" for scene in scenes)) == pytest.approx(0.15, abs=0.02)
    assert share(*(scene.weather != "none" for scene in scenes)) == pytest.approx(0.10, abs=0.02)
    assert share(*(scene.music != "none" for scene in scenes)) == pytest.approx(0.20, abs=0.02)
    assert share(*(scene.fire is not None for scene in scenes)) == pytest.approx(0.04, abs=0.01)
    for camera in CAMERAS[1:]:
        assert 0.015 < share(*(scene.camera == camera for scene in scenes)) < 0.06
    for names, of in ((STYLES, "style"), (WEATHERS, "weather"), (MOODS, "music")):
        assert {getattr(scene, of) for scene in scenes} == set(names)


def test_neither_weather_nor_fire_in_a_room() -> None:
    for seed in range(500):
        scene = sample_scene(seed, Film(), wanted=Wanted(sky="room"))
        assert (scene.weather, scene.fire) == ("none", None)
        assert sample_scene(seed, Film(), wanted=Wanted(weather="rain")).sky != "room"
    with pytest.raises(ValueError, match="room"):
        sample_scene(0, Film(), wanted=Wanted(sky="room", fire=True))


def test_style_weather_fire_and_music_are_shown_if_wanted_and_change_nothing_else() -> None:
    for seed in range(40):
        plain = Wanted(style="plain", weather="none", fire=False, music="none", sky="day", camera="static")
        rich = replace(plain, style="pencil", weather="snow", fire=True, music="sad")
        bare, full = sample_scene(seed, Film(), wanted=plain), sample_scene(seed, Film(), wanted=rich)
        assert (full.style, full.weather, full.music) == ("pencil", "snow", "sad")
        assert full.fire is not None
        assert replace(full, style="plain", weather="none", fire=None, music="none") == bare
