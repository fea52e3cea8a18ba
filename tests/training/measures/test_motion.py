from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from training.measures.motion import Path, meet, motion
from training.measures.reading import read_film
from training.world.scene import MOTIONS


def way(x: np.ndarray, y: np.ndarray, radius: float = 0.1) -> Path:
    frame = np.arange(len(x))
    return Path(frame, x, y, np.full(len(x), radius), np.zeros(len(x)), 0.02)


@pytest.mark.parametrize("name", MOTIONS)
def test_every_motion_is_read_from_a_film(shoot: Any, name: str) -> None:
    for seed in range(4):
        scene, film = shoot(seed, motion=name, count=2 if name == "collide" else 1, camera="static")
        assert [thing.motion for thing in read_film(film, 16).things] == [t.motion for t in scene.objects]


def test_too_few_frames_tell_nothing() -> None:
    assert motion(way(np.zeros(4), np.zeros(4)), "star", False) == ""


def test_what_stands_turns_or_not() -> None:
    still = way(np.zeros(16), np.zeros(16))
    assert motion(still, "ball", False) == "still"
    assert motion(still, "ball", True) == "spin"


def test_those_that_pass_each_other_far_away_do_not_meet() -> None:
    time = np.linspace(0, 1, 16)
    flat = np.zeros(16)
    assert meet((way(time * 0.1, flat), way(1 - time * 0.1, flat))) is None
    towards = way(np.minimum(time, 0.5) * 0.8, flat), way(1 - np.minimum(time, 0.5) * 0.8, flat)
    assert meet(towards) == (0, 1)


def test_a_shallow_swing_is_known_by_its_returning_where_cells_hide_its_curve() -> None:
    time = np.arange(32) / 16
    x, jitter = 0.1 * np.cos(3 * time), np.tile([0.0, 0.01], 16)
    seen = way(x, 0.8 * x**2 + jitter)
    assert motion(replace(seen, grain=1 / 36), "cross", False) == "swing"
    assert motion(replace(seen, x=0.15 * time, grain=1 / 36), "cross", False) != "swing"
