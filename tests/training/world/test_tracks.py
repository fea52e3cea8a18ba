import numpy as np

from training.world.chance import Film, Wanted, sample_scene
from training.world.tracks import Arc, follow, rest_height, strength


def test_an_arc_is_a_throw() -> None:
    assert Arc(5.0, 1.0, 2.0, 3.0, 4.0, 0.0, -2.0).after(2.0) == (7.0, 6.0, 3.0, 0.0)


def test_a_track_follows_its_arcs_in_turn() -> None:
    scene = sample_scene(0, Film(), wanted=Wanted(shape="star", motion="still", count=1))
    track = follow(scene, 0, [Arc(0.0, 0.5, 0.0, 1.0), Arc(0.25, 0.75, 0.0)], [])
    state = track.at(np.array([0.0, 0.125, 0.25, 9.0]))
    np.testing.assert_allclose(state.x, [0.5, 0.625, 0.75, 0.75])
    np.testing.assert_allclose(state.y, rest_height(scene, scene.objects[0]))
    np.testing.assert_allclose(state.speed, [1, 1, 0, 0])


def test_strength_is_bounded() -> None:
    assert strength(-1.0) == 0.5
    assert strength(100.0) == 1.0
