"""Layouts of scenes, as `services.contract.layout` has them, from what the renderer knows. numpy alone."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.contract import layout as columns
from training.world import view
from training.world.physics import simulate
from training.world.scene import COLOURS, SHAPES, Scene

FIGURE, GROUND = len(SHAPES), len(SHAPES) + 1
FRAMES = 8
"""Frames of a latent."""

Numbers = NDArray[np.float32]


def layout_of(scene: Scene, shown: Sequence[int] | None = None, figure: bool = False) -> Numbers:
    """The layout [K,T,A] of all frames of a scene, or of those that are shown, each a latent of its own.

    The first thing may be a figure.
    """
    times = moments(scene, shown)
    count = times.size // columns.MOMENTS
    said = np.zeros((columns.SLOTS, count, columns.COLUMNS), np.float32)
    flags = slice(columns.THERE.start, columns.COLOUR.stop)
    said[:, :, flags] = -1.0
    cam = view.camera(scene, times)
    for slot, (thing, track) in enumerate(zip(scene.objects, simulate(scene), strict=True)):
        if slot == columns.THINGS:
            break
        state = track.at(times)
        kind = FIGURE if figure and slot == 0 else SHAPES.index(thing.shape)
        said[slot, :, columns.COLOUR.start + COLOURS.index(thing.colour)] = 1.0
        place = (state.x - cam.x) * cam.zoom, (state.y - cam.y) * cam.zoom
        _put(said[slot], kind, place, thing.radius * state.scale * cam.zoom, state.angle)
    middle, level = scene.aspect / 2 - cam.x, scene.ground.horizon - cam.y
    _put(said[columns.GROUND], GROUND, (middle * cam.zoom, level * cam.zoom), 0.1 * cam.zoom, 0.0 * times)
    return said


def moments(scene: Scene, shown: Sequence[int] | None) -> view.Line:
    """Seconds [T M] at which a layout says where things are."""
    if shown is not None:
        return np.repeat(np.asarray(shown), columns.MOMENTS) / scene.fps
    step = FRAMES / columns.MOMENTS
    count = -(-scene.frames // FRAMES) * columns.MOMENTS
    moments_: view.Line = ((np.arange(count) + 0.5) * step - 0.5) / scene.fps
    return moments_


def _put(
    rows: Numbers, kind: int, place: tuple[view.Line, view.Line], radius: view.Line, angle: view.Line
) -> None:
    """Write what is known of a thing to its rows [T,A]."""
    rows[:, columns.THERE] = 1.0
    rows[:, columns.KIND.start + kind] = 1.0
    x, y = place
    numbers = (
        (columns.X, columns.PLACE_SCALE * x),
        (columns.Y, columns.PLACE_SCALE * y),
        (columns.RADIUS, columns.RADIUS_SCALE * (radius - columns.RADIUS_MIDDLE)),
        (columns.COSINE, np.cos(angle)),
        (columns.SINE, np.sin(angle)),
    )
    for where, values in numbers:
        rows[:, where] = values.reshape(len(rows), -1)
