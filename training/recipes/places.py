"""Where the first thing of a film is, frame by frame: what a visual encoder is asked for. numpy alone."""

import numpy as np
from numpy.typing import NDArray

from training.world.physics import simulate
from training.world.scene import SHAPES, Scene
from training.world.tracks import rest_height

# Heights above the ground, in picture heights, at which a place answers; closest where things are heard.
HEIGHTS = np.linspace(0.0, 0.9, 25)
HEIGHT_WIDTH, CONTACT_WIDTH = 0.03, 0.02
# After a turn by 1 / TURNS a shape looks the same; 0 where no turn is seen.
TURNS = {"ball": 1, "square": 4, "triangle": 3, "star": 5, "diamond": 2, "ring": 0, "heart": 1, "cross": 4}
WEIGHTS = (3.0, 10.0, 5.0, 3.0, 0.3, 0.3, 1.5) + (1.0,) * len(HEIGHTS)
COUNT = len(WEIGHTS)

Numbers = NDArray[np.float32]


def places(scene: Scene, frames: NDArray[np.int64]) -> Numbers:
    """[F,COUNT]: x, height above the ground, y, size, turn (2), contact, and which of HEIGHTS are near."""
    thing, state = scene.objects[0], simulate(scene)[0].at(frames / scene.fps)
    height, turns = state.y - rest_height(scene, thing), TURNS[thing.shape]
    seen = float(turns > 0)
    columns = [
        state.x / scene.aspect,
        height,
        state.y,
        4 * thing.radius * state.scale,
        seen * np.cos(turns * state.angle),
        seen * np.sin(turns * state.angle),
        np.exp(-0.5 * (height / CONTACT_WIDTH) ** 2),
        *(np.exp(-0.5 * ((height - near) / HEIGHT_WIDTH) ** 2) for near in HEIGHTS),
    ]
    said: Numbers = np.stack(columns, axis=1).astype(np.float32)
    return said


def shape_number(scene: Scene) -> int:
    """Which of the shapes the first thing has."""
    return SHAPES.index(scene.objects[0].shape)
