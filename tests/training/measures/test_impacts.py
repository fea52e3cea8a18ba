from typing import Any

import numpy as np
import pytest

from training.measures.impacts import hits
from training.measures.motion import Path
from training.measures.reading import read_film
from training.world.physics import impacts


def thrown(hit_s: float, fps: int) -> Path:
    """Falls from a height of 2 hit_s^2 and bounces, gravity 4."""
    time = np.arange(fps * 2) / fps
    after = np.maximum(time - hit_s, 0)
    y = np.where(time < hit_s, 2 * hit_s**2 - 2 * time**2, 3.6 * hit_s * after - 2 * after**2)
    line = np.maximum(y, 0)
    return Path(np.arange(len(time)), np.zeros(len(time)), line, np.full(len(time), 0.1), 0 * line, 0.02)


@pytest.mark.parametrize("hit_s", [0.40, 0.43, 0.47, 0.52])
@pytest.mark.parametrize("fps", [16, 24])
def test_the_time_of_a_hit_is_known_better_than_a_frame(hit_s: float, fps: int) -> None:
    first = hits((thrown(hit_s, fps),), ("bounce",), fps)[0]
    assert first.on == "ground"
    assert first.time_s == pytest.approx(hit_s, abs=0.3 / fps)


def test_hits_of_films_are_those_of_the_physics(shoot: Any) -> None:
    for seed, motion in enumerate(("bounce", "fall", "hop", "bounce")):
        scene, film = shoot(seed, motion=motion, camera="static")
        seen = [hit.time_s for hit in read_film(film, 16).hits]
        for hit in impacts(scene):
            if hit.strength > 0.35 and hit.time_s < 1.87:
                assert min(abs(hit.time_s - time_s) for time_s in seen) < 1 / 16


def test_what_does_not_hit_has_no_hits(shoot: Any) -> None:
    for motion in ("swing", "roll", "rise", "spin", "still"):
        assert read_film(shoot(1, motion=motion, camera="static")[1], 16).hits == ()


def test_two_against_each_other_hit_once(shoot: Any) -> None:
    scene, film = shoot(2, motion="collide", count=2)
    assert len(impacts(scene)) == 2
    assert [hit.on for hit in read_film(film, 16).hits] == ["object"]
