"""The picture: a scene drawn at any size, whole or in part, a continuous image sampled with antialiasing."""

from collections.abc import Callable, Sequence

import numpy as np

from training.world import view
from training.world.boxes import Frames, boxes, lay
from training.world.fire import burn
from training.world.moves import pivot
from training.world.panorama import scenery
from training.world.physics import simulate
from training.world.scene import Object, Scene
from training.world.shapes import BOUND, SHAPE
from training.world.strokes import Points, coloured
from training.world.tracks import State
from training.world.view import WHOLE, Camera, Canvas, Crop, Line
from training.world.weather import fall

CELLS = 36
FLAT = ("flat", "outlined")

Drawn = tuple[Object, State]
Artist = Callable[[Scene, Canvas, Camera, Drawn, Frames], None]


def render(
    scene: Scene,
    height: int,
    width: int,
    crop: Crop = WHOLE,
    frames: Sequence[int] | None = None,
    first: Artist | None = None,
) -> Frames:
    """The film, or the given frames of it, as uint8 [F,height,width,3] RGB.

    `crop` (left, top, right, bottom, in 0..1 of the whole picture) draws that part alone at the given size.
    `first`, where given, draws the first object instead of its shape.
    The picture is a function of the scene: another size or crop shows the same thing sharper or closer.
    """
    numbers = np.arange(scene.frames) if frames is None else np.asarray(frames)
    times = numbers / scene.fps
    canvas = Canvas(height, width, crop)
    draw = _mosaic if scene.style == "pixelated" else _film
    return draw(scene, canvas, times, first or _draw)


def _mosaic(scene: Scene, canvas: Canvas, times: Line, first: Artist) -> Frames:
    """The film in square cells, `CELLS` of them in the height of the whole picture."""
    left, top, right, bottom = canvas.crop
    wide = int(np.ceil(CELLS * scene.aspect - 1e-6))
    cells = _film(scene, Canvas(CELLS, wide, (0.0, 0.0, wide / (CELLS * scene.aspect), 1.0)), times, first)
    rows = (top + (np.arange(canvas.height) + 0.5) / canvas.height * (bottom - top)) * CELLS
    columns = (left + (np.arange(canvas.width) + 0.5) / canvas.width * (right - left)) * CELLS * scene.aspect
    return cells[:, rows.astype(np.intp)].take(columns.astype(np.intp), 2)


def _film(scene: Scene, canvas: Canvas, times: Line, first: Artist) -> Frames:
    cam = view.camera(scene, times)
    film = scenery(scene, canvas, cam)
    burn(scene, canvas, cam, times, film)
    states = [track.at(times) for track in simulate(scene)]
    for thing, state in zip(scene.objects, states, strict=True):
        _shadow(scene, canvas, cam, (thing, state), film)
    artists = [first, *(_draw for _ in scene.objects[1:])]
    for thing, state, draw in zip(scene.objects, states, artists, strict=False):
        if thing.motion == "swing":
            _string(scene, canvas, cam, (thing, state), film)
        draw(scene, canvas, cam, (thing, state), film)
    fall(scene, canvas, times, film)
    return film


def _shadow(scene: Scene, canvas: Canvas, cam: Camera, drawn: Drawn, film: Frames) -> None:
    """A soft dark spot on the ground below the thing, smaller and fainter the higher it is."""
    thing, state = drawn
    size = thing.radius * state.scale
    height = np.maximum(state.y - scene.ground.stand - size, 0.0)
    half = size * (1.05 - 0.45 * np.minimum(height, 1.0))
    across = half * cam.zoom * view.columns_per_unit(scene, canvas)
    down = half * 0.2 * cam.zoom * view.rows_per_unit(canvas)
    column = view.to_columns(scene, canvas, cam, state.x)
    row = view.to_rows(canvas, cam, np.full_like(state.x, scene.ground.stand))
    dark = (0.5 - 0.42 * np.minimum(height / 0.75, 1.0)).astype(np.float32)
    for box in boxes(canvas, column, row, np.stack([across * 1.3, down * 1.3, across, down], 1)):
        radius = box.x[:, None, :] ** 2 + box.y[:, :, None] ** 2
        soft = np.clip(1.35 - radius, 0, 1) if scene.style not in FLAT else 0.6 * (radius < 0.8)
        cover = (soft * dark[box.frames, None, None]).astype(np.float32)
        lay(film, box, np.zeros(3, np.float32), cover)


def _string(scene: Scene, canvas: Canvas, cam: Camera, drawn: Drawn, film: Frames) -> None:
    """The string of a swinging thing, from above the picture to the thing."""
    thing, state = drawn
    x, y, _ = pivot(thing)
    top = (
        view.to_columns(scene, canvas, cam, np.full_like(state.x, x)),
        view.to_rows(canvas, cam, np.full_like(state.x, y)),
    )
    end = view.to_columns(scene, canvas, cam, state.x), view.to_rows(canvas, cam, state.y)
    half = np.maximum(0.0035 * cam.zoom * view.rows_per_unit(canvas), 0.4)
    reach = np.stack(
        [np.abs(top[0] - end[0]) / 2 + half + 2, np.abs(top[1] - end[1]) / 2 + half + 2, half, half], 1
    )
    tint = np.array((206, 200, 190) if scene.sky == "night" else (84, 74, 66), np.float32)
    for box in boxes(canvas, (top[0] + end[0]) / 2, (top[1] + end[1]) / 2, reach):
        part = box.frames
        along = np.stack([(end[0] - top[0])[part], (top[1] - end[1])[part]], 1) / half[part, None]
        length = np.hypot(along[:, 0], along[:, 1])
        unit = (along / length[:, None]).astype(np.float32)
        offset = np.abs(
            box.x[:, None, :] * unit[:, 1, None, None] - box.y[:, :, None] * unit[:, 0, None, None]
        )
        reached = np.abs(
            box.x[:, None, :] * unit[:, 0, None, None] + box.y[:, :, None] * unit[:, 1, None, None]
        )
        edge = half[part, None, None].astype(np.float32)
        cover = np.clip((1 - offset) * edge + 0.5, 0, 1) * (reached < length[:, None, None] / 2)
        lay(film, box, tint, cover.astype(np.float32))


def _draw(scene: Scene, canvas: Canvas, cam: Camera, drawn: Drawn, film: Frames) -> None:
    """The thing itself."""
    thing, state = drawn
    size = thing.radius * state.scale * cam.zoom
    across, down = size * view.columns_per_unit(scene, canvas), size * view.rows_per_unit(canvas)
    column, row = view.to_columns(scene, canvas, cam, state.x), view.to_rows(canvas, cam, state.y)
    reach = np.stack([across * BOUND + 1, down * BOUND + 1, across, down], 1)
    for box in boxes(canvas, column, row, reach):
        angle = state.angle[box.frames, None, None]
        cos, sin = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
        x, y = box.x[:, None, :], box.y[:, :, None]
        own_x, own_y = cos * x + sin * y, cos * y - sin * x
        distance = SHAPE[thing.shape](own_x, own_y)
        sharp = down[box.frames, None, None].astype(np.float32)
        units = (thing.radius * state.scale)[box.frames, None, None].astype(np.float32)
        cover = np.clip(np.float32(0.5) - distance * sharp, 0, 1)
        colour = coloured(scene, thing, Points(x, y, own_x, distance, units, sharp))
        lay(film, box, colour, cover)
