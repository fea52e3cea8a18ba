from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from training.measures.camera import drift
from training.measures.foreground import foreground
from training.measures.place import find_place, rough_horizon
from training.world.render import render
from training.world.scene import Scene


def truth(scene: Scene, film: np.ndarray) -> np.ndarray:
    """Pixels that change with the colour of the thing: those that it covers."""
    other = "green" if scene.objects[0].colour != "green" else "red"
    changed = replace(scene, objects=(replace(scene.objects[0], colour=other),))
    mask: np.ndarray = (np.abs(render(changed, 144, 256).astype(int) - film).sum(-1)) > 60
    return mask


@pytest.mark.parametrize("colour", ["red", "green", "blue", "white", "black", "pink"])
def test_the_mask_is_the_thing(shoot: Any, colour: str) -> None:
    for seed in range(2):
        scene, film = shoot(seed, colour=colour, ground="brown", sky="day", motion="bounce", camera="static")
        mask = foreground(film, find_place(film, drift(film, rough_horizon(film))))
        wanted = truth(scene, film)
        assert (mask & wanted).sum() / (mask | wanted).sum() > 0.85


@pytest.mark.parametrize("sky", ["day", "night", "sunset", "overcast", "room"])
def test_clouds_moon_sun_and_shadows_are_no_things(shoot: Any, sky: str) -> None:
    for seed in range(3):
        scene, film = shoot(
            seed, colour="red", ground="blue", sky=sky, motion="roll", shape="ball", camera="static"
        )
        mask = foreground(film, find_place(film, drift(film, rough_horizon(film))))
        assert (mask & ~truth(scene, film)).mean() < 0.004
