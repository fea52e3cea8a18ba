import numpy as np
import pytest

from training.world.chance import Film, Wanted, sample_scene
from training.world.physics import impacts, simulate
from training.world.scene import MOTIONS
from training.world.shapes import SIDE
from training.world.tracks import rest_height

LONG = Film(256, 16)


@pytest.mark.parametrize("motion", MOTIONS)
def test_things_never_jump_nor_enter_the_ground_nor_leave(motion: str) -> None:
    times = np.linspace(0, LONG.frames / LONG.fps, 4000)
    for seed in range(12):
        scene = sample_scene(seed, LONG, wanted=Wanted(motion=motion, camera="static"))
        for thing, track in zip(scene.objects, simulate(scene), strict=True):
            state = track.at(times)
            assert np.abs(np.diff(state.x)).max() < 0.02
            assert np.abs(np.diff(state.y)).max() < 0.02
            if thing.motion not in ("grow", "shrink"):
                assert state.y.min() >= rest_height(scene, thing) - 1e-9
            assert state.x.min() > 0.5 * thing.radius
            assert state.x.max() < scene.aspect - 0.5 * thing.radius


def test_the_ground_is_hit_when_the_foot_is_down() -> None:
    scene = sample_scene(3, LONG, wanted=Wanted(shape="ball", motion="bounce", camera="static", count=1))
    (thing,), (track,) = scene.objects, simulate(scene)
    hits = [hit for hit in impacts(scene) if hit.on == "ground"]
    assert len(hits) > 5
    state = track.at(np.array([hit.time_s for hit in hits]))
    np.testing.assert_allclose(state.y, rest_height(scene, thing), atol=1e-6)
    before = track.at(np.array([hit.time_s - 0.02 for hit in hits]))
    assert (before.y > state.y).all()


def test_bounces_lose_strength() -> None:
    scene = sample_scene(3, LONG, wanted=Wanted(motion="bounce", count=1))
    strengths = [hit.strength for hit in impacts(scene) if hit.on == "ground"]
    assert strengths == sorted(strengths, reverse=True)
    assert 0 < strengths[-1] < strengths[0] <= 1


def test_a_falling_thing_comes_to_rest() -> None:
    scene = sample_scene(1, LONG, wanted=Wanted(motion="fall", count=1))
    (thing,), (track,) = scene.objects, simulate(scene)
    state = track.at(np.array([8.0, 12.0]))
    np.testing.assert_allclose(state.y, rest_height(scene, thing))
    assert (state.speed == 0).all()


def test_a_ball_rolls_without_slipping() -> None:
    scene = sample_scene(1, LONG, wanted=Wanted(shape="ball", motion="roll"))
    (thing,), (track,) = scene.objects, simulate(scene)
    state = track.at(np.array([0.0, 0.7]))
    assert np.diff(state.angle)[0] == pytest.approx(-np.diff(state.x)[0] / thing.radius)
    assert np.sign(np.diff(state.x)[0]) == thing.way


def test_colliding_things_touch_and_part_and_keep_momentum() -> None:
    scene = sample_scene(1, LONG, wanted=Wanted(motion="collide"))
    one, two = scene.objects
    hit = impacts(scene)[0]
    assert {other.index for other in impacts(scene) if other.time_s == hit.time_s} == {0, 1}
    times = np.array([hit.time_s - 1e-4, hit.time_s, hit.time_s + 1e-4])
    left, right = (track.at(times).x for track in simulate(scene))
    gap = right - left - SIDE[one.shape] * one.radius - SIDE[two.shape] * two.radius
    assert gap[1] == pytest.approx(0, abs=1e-9)
    assert gap[0] > 0
    assert gap[2] > 0
    momentum = one.radius**2 * np.diff(left) + two.radius**2 * np.diff(right)
    assert momentum[0] == pytest.approx(momentum[1], abs=1e-8)


def test_both_frame_rates_show_the_same_film() -> None:
    slow, fast = (sample_scene(8, Film(frames, fps)) for frames, fps in ((64, 16), (96, 24)))
    assert impacts(slow) == impacts(fast)
    times = np.linspace(0, 4, 33)
    for one, two in zip(simulate(slow), simulate(fast), strict=True):
        np.testing.assert_array_equal(one.at(times).x, two.at(times).x)
