"""Where things are in the picture, and which, on a coarse grid."""

from collections.abc import Sequence

import numpy as np

from training.world import view
from training.world.boxes import Frames
from training.world.physics import simulate
from training.world.scene import Scene
from training.world.shapes import BOUND
from training.world.view import Canvas


def layout(scene: Scene, rows: int, columns: int, frames: Sequence[int] | None = None) -> Frames:
    """The number, from 1, of the last of the things whose circles reach into a cell, 0 where none does: uint8
    [F,rows,columns]."""
    numbers = np.arange(scene.frames) if frames is None else np.asarray(frames)
    times, canvas = numbers / scene.fps, Canvas(rows, columns)
    cam, found = view.camera(scene, times), np.zeros((numbers.size, rows, columns), np.uint8)
    for number, (thing, track) in enumerate(zip(scene.objects, simulate(scene), strict=True), 1):
        state = track.at(times)
        size = BOUND * thing.radius * state.scale * cam.zoom
        across, down = size * view.columns_per_unit(scene, canvas), size * view.rows_per_unit(canvas)
        x = view.to_columns(scene, canvas, cam, state.x)[:, None] - np.arange(columns) - 0.5
        y = view.to_rows(canvas, cam, state.y)[:, None] - np.arange(rows) - 0.5
        # From the middle of a cell to its corner nearest to the thing.
        near_x = np.maximum(np.abs(x) - 0.5, 0) / across[:, None]
        near_y = np.maximum(np.abs(y) - 0.5, 0) / down[:, None]
        found[near_x[:, None] ** 2 + near_y[..., None] ** 2 < 1] = number
    return found


def presence(scene: Scene, rows: int, columns: int, frames: Sequence[int] | None = None) -> Frames:
    """1 where a thing's circle reaches into a cell, else 0: uint8 [F,rows,columns]."""
    return (layout(scene, rows, columns, frames) > 0).astype(np.uint8)
