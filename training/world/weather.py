"""Rain and snow: drops and flakes before everything else, wherever the camera looks."""

from dataclasses import dataclass

import numpy as np

from training.world.boxes import Frames, Pixels
from training.world.scene import Scene, stream
from training.world.view import Canvas, Line

BATCH_PIXELS = 400_000
# On a bright sky drops are dark, on a dark one bright.
RAIN = {"night": (176, 190, 222), "sunset": (226, 226, 240)}
WET = (66, 92, 140)
FLAKE = (255, 255, 255)


@dataclass(frozen=True)
class _Drops:
    """Centres x, y [F,N] in units of the picture, and the form of a drop (units): a line along (run, 1).

    half length and half width [N], and how much each covers [N].
    """

    x: Line
    y: Line
    run: float
    length: Line
    width: Line
    cover: Line


def fall(scene: Scene, canvas: Canvas, times: Line, film: Frames) -> None:
    """Lets the scene's weather fall over the film."""
    rng = stream(scene.seed, 6)
    if scene.weather == "rain":
        _scatter(film, canvas, scene.aspect, _rain(rng, scene, times), RAIN.get(scene.sky, WET))
    elif scene.weather == "snow":
        _scatter(film, canvas, scene.aspect, _snow(rng, scene, times), FLAKE)


def _rain(rng: np.random.Generator, scene: Scene, times: Line) -> _Drops:
    count = round(44 * scene.aspect)
    run, (place, phase, pace, near) = float(rng.uniform(-0.22, 0.22)), rng.random((4, count))
    fallen = (phase + (1.5 + 0.5 * pace) / 1.2 * times[:, None]) % 1.0 * 1.2
    x = place * (scene.aspect + 0.4) - 0.2 - run * fallen
    return _Drops(x, 1.1 - fallen, run, 0.026 + 0.014 * near, 0.0030 + 0.0010 * near, 0.45 + 0.35 * near)


def _snow(rng: np.random.Generator, scene: Scene, times: Line) -> _Drops:
    count = round(48 * scene.aspect)
    run, (place, phase, pace, near, beat) = float(rng.uniform(-0.3, 0.3)), rng.random((5, count))
    fallen = (phase + (0.16 + 0.12 * near) / 1.1 * times[:, None]) % 1.0 * 1.1
    sway = 0.018 * np.sin((1.5 + 2 * pace) * times[:, None] + 2 * np.pi * beat)
    x = place * (scene.aspect + 0.6) - 0.3 + run * fallen + sway
    size = 0.006 + 0.007 * near
    return _Drops(x, 1.05 - fallen, 0.0, np.zeros(count), size, 0.75 + 0.25 * near)


@dataclass(frozen=True)
class _Paint:
    """Pixels per unit across and down, and the colour of the drops."""

    scale: tuple[float, float]
    colour: tuple[int, int, int]


def _scatter(
    film: Frames, canvas: Canvas, aspect: float, drops: _Drops, colour: tuple[int, int, int]
) -> None:
    left, top, right, bottom = canvas.crop
    paint = _Paint((canvas.width / ((right - left) * aspect), canvas.height / (bottom - top)), colour)
    column = ((drops.x / aspect - left) / (right - left) * canvas.width).astype(np.float32)
    row = ((1 - drops.y - top) / (bottom - top) * canvas.height).astype(np.float32)
    high = int(np.ceil((drops.length.max() + drops.width.max()) * paint.scale[1])) + 1
    wide = int(np.ceil(drops.width.max() * paint.scale[0] * np.hypot(drops.run, 1)))
    batch = max(1, BATCH_PIXELS // (column.shape[1] * (2 * wide + 2) * 2 * high))
    offsets = np.arange(-high, high, dtype=np.float32)[:, None], np.arange(-wide, wide + 1, dtype=np.float32)
    for start in range(0, len(film), batch):
        part = slice(start, start + batch)
        _lay(film[part], (column[part, :, None, None], row[part, :, None, None]), offsets, (drops, paint))


def _lay(
    film: Frames, centre: tuple[Pixels, Pixels], offsets: tuple[Pixels, Pixels], form: tuple[_Drops, _Paint]
) -> None:
    """Lays drops at centre [F,N,1,1] over the frames, row by row: few pixels of the picture are near one."""
    drops, paint = form
    width, strength, length = (
        value.astype(np.float32)[:, None, None] for value in (drops.width, drops.cover, drops.length)
    )
    rows = np.floor(centre[1]) + offsets[0]
    down = (rows + np.float32(0.5) - centre[1]) / np.float32(paint.scale[1])
    # Pixel rows go down: a drop that drifts by run while it falls lies along (-run, 1) there.
    middle = centre[0] - down * np.float32(drops.run * paint.scale[0])
    columns = np.floor(middle) + offsets[1]
    aside = (columns + np.float32(0.5) - middle) / np.float32(paint.scale[0] * np.hypot(drops.run, 1))
    beyond = np.maximum(np.abs(down) - length, 0)
    fine = np.float32(paint.scale[1])
    away = np.sqrt(beyond * beyond + aside * aside)
    cover = np.minimum((width - away) * fine + np.float32(0.5), np.minimum(2 * width * fine, 1)) * strength
    height, across = film.shape[1:3]
    seen = (cover > 0.01) & ((rows >= 0) & (rows < height)) & ((columns >= 0) & (columns < across))
    hit = np.flatnonzero(seen)
    line = np.arange(len(film))[:, None, None, None] * height + rows.astype(np.int64)
    at = (line * across + columns.astype(np.int64)).take(hit)
    flat = film.reshape(-1, 3)
    under = flat.take(at, 0).astype(np.float32)
    under += (np.array(paint.colour, np.float32) - under) * cover.take(hit)[:, None]
    flat[at] = np.rint(under, out=under).astype(np.uint8)
