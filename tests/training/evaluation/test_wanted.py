from dataclasses import replace

from training.evaluation.films import texts
from training.evaluation.wanted import wanted
from training.world.chance import Film, Wanted, sample_scene

FILM = Film(32, 16)


def test_facts_are_those_of_the_scene() -> None:
    scene = sample_scene(5, FILM, wanted=Wanted(motion="bounce", count=1))
    want = wanted(scene, "")
    (thing,) = scene.objects
    assert want.looks == ((thing.colour, thing.shape, "bounce", thing.size),)
    assert "hits" in want.kinds
    assert want.hits
    assert want.said == frozenset()


def test_what_a_caption_says_is_noticed() -> None:
    scene = sample_scene(
        5, FILM, wanted=Wanted(size="small", ground="blue", material="floor", sky="night", count=1)
    )
    assert wanted(scene, "A tiny star on a blue floor at night.").said == {"size", "ground", "sky"}
    assert wanted(scene, "a star on a red floor").said == frozenset()


def test_the_ground_is_named_in_most_captions() -> None:
    said = [
        "ground" in wanted(scene, texts(scene)[0]).said
        for scene in (sample_scene(k, FILM) for k in range(60))
    ]
    assert 0.75 < sum(said) / 60 < 1


def test_a_still_thing_is_silent_and_rain_is_not() -> None:
    scene = sample_scene(5, FILM, wanted=Wanted(motion="still", count=1, weather="none", fire=False))
    assert wanted(scene, "").kinds == frozenset()
    assert wanted(replace(scene, weather="rain"), "").kinds == {"rain"}
