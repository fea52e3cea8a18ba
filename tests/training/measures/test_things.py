from typing import Any

import numpy as np
import pytest

from training.measures.camera import drift
from training.measures.look import Frames
from training.measures.place import find_place, rough_horizon
from training.measures.things import Found, find_things
from training.world.physics import simulate


def found(film: Frames) -> Found:
    return find_things(film, find_place(film, drift(film, rough_horizon(film))))


def test_a_thing_is_followed_to_within_a_pixel(shoot: Any) -> None:
    scene, film = shoot(3, motion="bounce", camera="static")
    (thing,) = found(film).things
    (want,) = scene.objects
    state = simulate(scene)[0].at(np.arange(32) / 16)
    assert (thing.colour, thing.shape) == (want.colour, want.shape)
    assert np.abs(thing.x - state.x).max() < 1.2 / 144
    assert np.abs(thing.y - (1 - state.y)).max() < 1.2 / 144
    assert np.median(thing.radius) == pytest.approx(want.radius, rel=0.05)
    assert thing.steady == 1.0


def test_two_that_touch_stay_two(shoot: Any) -> None:
    scene, film = shoot(4, motion="collide", count=2)
    things = found(film).things
    assert sorted(t.colour for t in things) == sorted(t.colour for t in scene.objects)
    assert all(len(thing.frames) == 32 for thing in things)


def test_a_thing_that_changes_its_colour_is_one_that_is_not_steady(shoot: Any) -> None:
    _, film = shoot(
        3, motion="spin", colour="red", shape="star", ground="grey", sky="overcast", camera="static"
    )
    half = film.copy()
    half[16:] = film[16:, :, :, ::-1]
    (thing,) = (t for t in found(half).things if len(t.frames) > 20)
    assert thing.steady < 0.6


def test_a_fire_is_no_thing(shoot: Any) -> None:
    scene, film = shoot(
        7, fire=True, motion="bounce", camera="static", sky="day", colour="blue", ground="green"
    )
    seen = found(film)
    assert seen.fire == (scene.fire is not None)
    assert [thing.colour for thing in seen.things] == ["blue"]


def test_nothing_is_found_where_nothing_is() -> None:
    assert found(np.full((6, 144, 256, 3), 128, np.uint8)).things == ()


def test_noise_does_not_break_it() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (6, 72, 128, 3), dtype=np.uint8)
    assert isinstance(found(noise).things, tuple)


def test_the_inside_of_a_turning_ball_churns(shoot: Any) -> None:
    (turning,), (resting,) = (
        found(shoot(3, motion=motion, shape="ball", camera="static")[1]).things
        for motion in ("spin", "still")
    )
    assert turning.churn > 0.04
    assert resting.churn < 0.02
