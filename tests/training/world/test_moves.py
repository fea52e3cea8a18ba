import numpy as np
import pytest

from training.world.chance import Film, Wanted, sample_scene
from training.world.moves import pivot
from training.world.physics import simulate
from training.world.tracks import State

FILM = Film(64, 16)


def states(motion: str, times: list[float]) -> State:
    (track,) = simulate(sample_scene(2, FILM, wanted=Wanted(motion=motion, count=1)))
    return track.at(np.array(times))


@pytest.mark.parametrize(("motion", "sign"), [("grow", 1), ("shrink", -1)])
def test_growing_and_shrinking(motion: str, sign: int) -> None:
    assert (np.sign(np.diff(states(motion, [0, 1, 2, 3]).scale)) == sign).all()


def test_rising_things_rise() -> None:
    assert (np.diff(states("rise", [0, 1, 2, 3]).y) > 0).all()


def test_spinning_things_turn_on_the_spot() -> None:
    state = states("spin", [0, 0.2, 0.4])
    assert (np.abs(np.diff(state.angle)) >= 0.4 - 1e-9).all()
    assert np.ptp(state.x) == np.ptp(state.y) == 0


def test_still_things_stay() -> None:
    state = states("still", [0, 1, 3])
    assert np.ptp(state.x) == np.ptp(state.y) == np.ptp(state.angle) == 0


def test_hopping_things_land_again_and_again() -> None:
    (track,) = simulate(sample_scene(2, FILM, wanted=Wanted(motion="hop")))
    assert len(track.impacts) >= 4


def test_the_string_keeps_its_length() -> None:
    scene = sample_scene(2, FILM, wanted=Wanted(motion="swing", count=1))
    (thing,), (track,) = scene.objects, simulate(scene)
    x, y, length = pivot(thing)
    state = track.at(np.linspace(0, 4, 50))
    np.testing.assert_allclose(np.hypot(state.x - x, state.y - y), length)
    assert np.ptp(state.x) > 0.05
