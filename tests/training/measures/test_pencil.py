from typing import Any

import numpy as np
import pytest

from training.measures.camera import drift
from training.measures.place import find_place, rough_horizon
from training.measures.things import find_things


@pytest.mark.parametrize("sky", ["day", "night", "room"])
@pytest.mark.parametrize(
    ("colour", "shape", "ground"),
    [("white", "ring", "purple"), ("green", "heart", "brown"), ("pink", "diamond", "brown")],
)
def test_things_in_pencil_are_whole(shoot: Any, sky: str, colour: str, shape: str, ground: str) -> None:
    wanted: dict[str, object] = {"colour": colour, "shape": shape, "ground": ground, "sky": sky}
    if sky == "room" and colour == "white":
        wanted["colour"] = "blue"
    scene, film = shoot(3, style="pencil", motion="spin", camera="static", size="medium", **wanted)
    found = find_things(film[:8], find_place(film[:8], drift(film[:8], rough_horizon(film))))
    (thing,) = found.things
    assert (thing.colour, thing.shape) == (wanted["colour"], shape)
    assert np.median(thing.radius) == pytest.approx(scene.objects[0].radius, rel=0.1)


def test_white_paper_of_a_white_ground_is_no_thing(shoot: Any) -> None:
    for sky in ("day", "room"):
        _, film = shoot(
            2, style="pencil", colour="red", ground="white", material="floor", sky=sky, motion="spin",
            camera="static",
        )  # fmt: skip
        found = find_things(film[:8], find_place(film[:8], drift(film[:8], rough_horizon(film))))
        assert [thing.colour for thing in found.things] == ["red"]
