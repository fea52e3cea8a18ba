"""The picture: a scene drawn at any size, whole or in part, a continuous image sampled with antialiasing."""

from collections.abc import Sequence

import numpy as np

from training.world import view
from training.world.boxes import Frames, Pixels, boxes, lay
from training.world.moves import pivot
from training.world.panorama import scenery
from training.world.physics import simulate
from training.world.scene import ROUND, Object, Scene
from training.world.shapes import BOUND, SHAPE
from training.world.tracks import State
from training.world.view import WHOLE, Camera, Canvas, Crop

PAINT = {
    "red": (226, 44, 44), "green": (40, 172, 68), "blue": (38, 92, 226), "yellow": (250, 212, 40),
    "orange": (248, 132, 24), "purple": (144, 62, 196), "pink": (246, 124, 178), "white": (244, 244, 246),
    "black": (44, 44, 50),
}  # fmt: skip


Drawn = tuple[Object, State]


def render(
    scene: Scene, height: int, width: int, crop: Crop = WHOLE, frames: Sequence[int] | None = None
) -> Frames:
    """The film, or the given frames of it, as uint8 [F,height,width,3] RGB.

    `crop` (left, top, right, bottom, in 0..1 of the whole picture) draws that part alone at the given size.
    The picture is a function of the scene: another size or crop shows the same thing sharper or closer.
    """
    numbers = np.arange(scene.frames) if frames is None else np.asarray(frames)
    times = numbers / scene.fps
    canvas = Canvas(height, width, crop)
    cam = view.camera(scene, times)
    film = scenery(scene, canvas, cam)
    states = [track.at(times) for track in simulate(scene)]
    for thing, state in zip(scene.objects, states, strict=True):
        _shadow(scene, canvas, cam, (thing, state), film)
    for thing, state in zip(scene.objects, states, strict=True):
        if thing.motion == "swing":
            _string(scene, canvas, cam, (thing, state), film)
        _draw(scene, canvas, cam, (thing, state), film)
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
        cover = np.clip(1.35 - radius, 0, 1) * dark[box.frames, None, None]
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
        cover = np.clip(np.float32(0.5) - distance * sharp, 0, 1)
        colour = _paint(thing, (x, y), own_x, distance)
        lay(film, box, colour, cover)


def _paint(thing: Object, screen: tuple[Pixels, Pixels], own_x: Pixels, distance: Pixels) -> Pixels:
    """Colour [N,h,w,3] of the thing's points: light from above left, a darker rim, a gloss, a stripe."""
    x, y = screen
    light = np.clip(1 + (y * np.float32(0.17) - x * np.float32(0.1)), 0.72, 1.25)
    rim = np.clip((distance + np.float32(0.13)) * 10, 0, 1)
    shade = light * (1 - np.float32(0.3) * rim)
    if thing.shape in ROUND:
        stripe = np.clip(np.float32(0.23) - np.abs(own_x), 0, 0.05) * np.float32(20)
        shade = shade * (1 - np.float32(0.26) * stripe)
    gloss = np.exp(((x + np.float32(0.34)) ** 2 + (y - np.float32(0.42)) ** 2) * np.float32(-9.0))
    gloss = gloss * np.float32(0.55 if thing.shape == "ball" else 0.25)
    base = np.array(PAINT[thing.colour], np.float32)
    colour: Pixels = np.minimum(shade, np.float32(1.12))[..., None] * base
    np.minimum(colour, 255, out=colour)
    colour += (255 - colour) * gloss[..., None]
    return colour
