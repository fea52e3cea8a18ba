from dataclasses import replace

import numpy as np
import pytest

from training.measures.listening import KIND_OF, KINDS, MOODS, hits, listen
from training.world import scene as world
from training.world.chance import Film, Wanted, sample_scene
from training.world.physics import impacts
from training.world.sound import synthesize

FILM = Film(32, 16)


def sounding(motion: str, seed: int) -> world.Scene:
    wanted = Wanted(motion=motion, style="plain", weather="none", fire=False, music="none")
    return sample_scene(seed, FILM, wanted=replace(wanted, count=2 if motion == "collide" else 1))


def test_motions_and_moods_are_those_of_the_world() -> None:
    assert set(KIND_OF) == set(world.MOTIONS)
    assert world.MOODS == MOODS
    assert set(KIND_OF.values()) <= {*KINDS, "silence"}


@pytest.mark.parametrize("motion", ["bounce", "roll", "slide", "spin", "rise", "swing", "still"])
def test_kinds_of_sound_are_heard(motion: str) -> None:
    right = sum(
        listen(synthesize(sounding(motion, seed))).kinds == {KIND_OF[motion]} - {"silence"}
        for seed in range(1000, 1010)
    )
    assert right >= 9


@pytest.mark.parametrize("mood", MOODS)
def test_the_mood_of_music_is_heard(mood: str) -> None:
    right = sum(
        listen(synthesize(replace(sample_scene(seed, FILM, "heldout"), music=mood))).mood == mood
        for seed in range(2000, 2012)
    )
    assert right >= 10


def test_hits_are_heard_when_they_are() -> None:
    found = known = heard = 0
    for seed in range(12):
        scene = sounding("bounce", seed)
        times = hits(synthesize(scene))
        for hit in impacts(scene):
            if hit.strength > 0.35 and hit.time_s < 1.95:
                known += 1
                found += any(abs(hit.time_s - time_s) < 0.03 for time_s in times)
        heard += len(times)
    assert found == known > 12
    assert heard <= len([1 for seed in range(12) for _ in impacts(sounding("bounce", seed))]) + 1


def test_silence_and_hiss_have_no_hits() -> None:
    assert listen(np.zeros(48_000, np.float32)).hits == ()
    hiss = np.random.default_rng(0).standard_normal(96_000).astype(np.float32) * 0.02
    assert hits(hiss) == ()


def test_a_moment_is_too_short_to_listen_to() -> None:
    with pytest.raises(ValueError, match="too few"):
        listen(np.zeros(1000, np.float32))
