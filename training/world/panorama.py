"""Sky and ground of every frame: painted once, then shifted or enlarged as the camera goes."""

from math import floor

import numpy as np

from training.world import view
from training.world.backdrop import Grid, Pixels, paint
from training.world.boxes import Frames
from training.world.scene import Scene
from training.world.view import ZOOM, Camera, Canvas, Line


def scenery(scene: Scene, canvas: Canvas, cam: Camera) -> Frames:
    """The film [F,H,W,3] without its objects; a frame does not depend on which others are drawn with it."""
    x, y = view.columns(scene, canvas), view.rows(canvas)
    film = np.empty((cam.x.size, canvas.height, canvas.width, 3), np.uint8)
    if scene.camera == "static":
        film[:] = _rounded(_paint(scene, x, y, 1 / view.rows_per_unit(canvas)))
    elif scene.camera.startswith("pan"):
        _pan(scene, canvas, cam, film)
    else:
        _zoom(scene, canvas, cam, film)
    return film


def _paint(scene: Scene, x: Line, y: Line, pixel: float) -> Pixels:
    return paint(scene, Grid(x.astype(np.float32), y.astype(np.float32), pixel))


def _rounded(picture: Pixels) -> Frames:
    return np.rint(picture, out=picture).astype(np.uint8)


def _pan(scene: Scene, canvas: Canvas, cam: Camera, film: Frames) -> None:
    """Every frame is a stretch of one wide picture, its columns mixed from two neighbours."""
    x, y = view.columns(scene, canvas), view.rows(canvas)
    step = 1 / view.columns_per_unit(scene, canvas)
    shift = (cam.x - scene.aspect / 2) / step
    first, last = floor(shift.min()), floor(shift.max()) + 1
    wide = x[0] + step * np.arange(first, last + x.size)
    source = _paint(scene, wide, y, 1 / view.rows_per_unit(canvas))
    for index, offset in enumerate(shift):
        left = floor(offset) - first
        part = np.float32(offset - floor(offset))
        frame = source[:, left : left + x.size] * (1 - part)
        frame += source[:, left + 1 : left + 1 + x.size] * part
        film[index] = _rounded(frame)


def _zoom(scene: Scene, canvas: Canvas, cam: Camera, film: Frames) -> None:
    """Every frame is drawn from one picture as fine as the closest view needs."""
    x, y = view.columns(scene, canvas), view.rows(canvas)
    step_x = 1 / (view.columns_per_unit(scene, canvas) * ZOOM)
    step_y = 1 / (view.rows_per_unit(canvas) * ZOOM)
    seen_x = cam.x[:, None] + (x[[0, -1]] - scene.aspect / 2) / cam.zoom[:, None]
    seen_y = cam.y[:, None] + (y[[0, -1]] - 0.5) / cam.zoom[:, None]
    # Lines at whole steps, whichever frames are asked for, so that a frame alone is the frame of the film.
    left, right = floor(seen_x.min() / step_x), floor(seen_x.max() / step_x) + 2
    bottom, top = floor(seen_y.min() / step_y) - 1, floor(seen_y.max() / step_y) + 1
    source = _paint(scene, step_x * np.arange(left, right), step_y * np.arange(top, bottom, -1), step_y)
    for index, zoom in enumerate(cam.zoom):
        columns = (cam.x[index] + (x - scene.aspect / 2) / zoom) / step_x - left
        lines = top - (cam.y[index] + (y - 0.5) / zoom) / step_y
        film[index] = _rounded(_resample(source, columns, lines))


def _resample(source: Pixels, x: Line, y: Line) -> Pixels:
    """Bilinear samples of source [h,w,3] at columns x and rows y, both going up."""
    across, down = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    part_x = (x - across).astype(np.float32)[:, None]
    part_y = (y - down).astype(np.float32)[:, None, None]
    source = source[:, across[0] : across[-1] + 2]
    across = across - across[0]
    lines = source[down]
    lines += (source[down + 1] - lines) * part_y
    sampled: Pixels = np.take(lines, across, axis=1)
    sampled += (np.take(lines, across + 1, axis=1) - sampled) * part_x
    return sampled
