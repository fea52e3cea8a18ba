from dataclasses import replace

import numpy as np
import pytest

from training.world.chance import Film, Wanted, sample_scene
from training.world.fire import CLEAR, RADIUS, REACH, room_for
from training.world.physics import simulate
from training.world.render import render

WANTED = Wanted(camera="static", count=1, style="plain", weather="none", sky="night", fire=True)


def test_a_fire_burns_beside_all_that_moves() -> None:
    times = np.linspace(0, 2, 50)
    found = 0
    for seed in range(400):
        scene = sample_scene(seed, Film(), wanted=Wanted(count=1, fire=False))
        x = room_for(scene, 0.5, anyhow=False)
        if x is None:
            continue
        found += 1
        assert CLEAR <= x <= scene.aspect - CLEAR
        for thing, track in zip(scene.objects, simulate(scene), strict=True):
            state = track.at(times)
            assert (np.abs(state.x - x) > thing.radius * state.scale + 0.4 * CLEAR).all()
    assert found > 150


def test_where_there_is_no_room_it_burns_only_if_asked() -> None:
    for seed in range(60):
        scene = sample_scene(seed, Film(aspect=9 / 16), wanted=Wanted(size="large", count=1, fire=False))
        if room_for(scene, 0.0, anyhow=False) is None:
            assert 0 < room_for(scene, 0.0, anyhow=True) < scene.aspect
            return
    pytest.fail("there is always room")


def test_the_fire_changes_its_surroundings_alone() -> None:
    scene = sample_scene(5, Film(8, 8), wanted=WANTED)
    lit, dark = (render(one, 144, 256).astype(int) for one in (scene, replace(scene, fire=None)))
    changed = np.flatnonzero((lit != dark).any((0, 1, 3)))
    assert scene.fire is not None
    assert abs(changed.mean() / 144 - scene.fire) < 0.02
    assert np.ptp(changed) / 144 <= 2 * REACH * RADIUS + 0.03
    flame = (lit[..., 0] > 200) & (lit[..., 0] - lit[..., 2] > 100)
    assert (flame.sum((1, 2)) > 40).all()
    assert np.abs(np.diff(lit, axis=0)).max((1, 2, 3)).min() > 60


def test_a_larger_picture_shows_the_same_fire() -> None:
    scene = sample_scene(5, Film(8, 8), wanted=WANTED)
    small, large = render(scene, 72, 128, frames=[3])[0], render(scene, 288, 512, frames=[3])[0]
    assert np.abs(large.reshape(72, 4, 128, 4, 3).mean((1, 3)) - small).mean() < 2.5
