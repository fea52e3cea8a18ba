"""Sky and ground of every frame: painted once, then shifted or enlarged as the camera goes."""

from math import floor

import numpy as np

from training.world import view
from training.world.backdrop import Grid, Pixels, paint
from training.world.boxes import Frames
from training.world.scene import Scene
from training.world.view import PUSHES, ZOOM, Camera, Canvas, Line


def scenery(scene: Scene, canvas: Canvas, cam: Camera) -> Frames:
    """The film [F,H,W,3] without its objects; a frame does not depend on which others are drawn with it."""
    x, y = view.columns(scene, canvas), view.rows(canvas)
    film = np.empty((cam.x.size, canvas.height, canvas.width, 3), np.uint8)
    if scene.camera == "static":
        film[:] = _rounded(_paint(scene, x, y, 1 / view.rows_per_unit(canvas)))
    elif scene.camera.startswith("pan"):
        _pan(scene, canvas, cam, film)
    elif scene.camera.startswith("tilt"):
        _tilt(scene, canvas, cam, film)
    elif scene.camera in PUSHES:
        _push(scene, canvas, cam, film)
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


def _tilt(scene: Scene, canvas: Canvas, cam: Camera, film: Frames) -> None:
    """Every frame is a stretch of one high picture, its rows mixed from two neighbours."""
    x, y = view.columns(scene, canvas), view.rows(canvas)
    step = 1 / view.rows_per_unit(canvas)
    shift = (0.5 - cam.y) / step
    first, last = floor(shift.min()), floor(shift.max()) + 1
    source = _paint(scene, x, y[0] - step * np.arange(first, last + y.size), step)
    for index, offset in enumerate(shift):
        top = floor(offset) - first
        part = np.float32(offset - floor(offset))
        frame = source[top : top + y.size] * (1 - part)
        frame += source[top + 1 : top + 1 + y.size] * part
        film[index] = _rounded(frame)


def _push(scene: Scene, canvas: Canvas, cam: Camera, film: Frames) -> None:
    """The camera goes over a level ground towards the horizon: what is near comes nearer, the sky does not.

    A row u below the horizon shows what is 1/u away; where things stand it is enlarged by the zoom.
    """
    x, y = view.columns(scene, canvas), view.rows(canvas)
    horizon, centre = scene.ground.horizon, scene.aspect / 2
    step_x = 1 / (view.columns_per_unit(scene, canvas) * ZOOM)
    step_y = 1 / (view.rows_per_unit(canvas) * ZOOM)
    film[:] = _rounded(_paint(scene, x, y, 1 / view.rows_per_unit(canvas)))
    ground = np.flatnonzero(y < horizon - step_y * ZOOM)
    if not ground.size:
        return
    left, right = floor(min(x[0], centre) / step_x) - 1, floor(max(x[-1], centre) / step_x) + 3
    bottom, top = floor(min(y[-1], horizon) / step_y) - 2, floor(horizon / step_y) + 2
    fine = _paint(scene, step_x * np.arange(left, right), step_y * np.arange(top, bottom, -1), step_y)
    source = _padded(fine)
    below = horizon - y[ground]
    for index, zoom in enumerate(cam.zoom):
        nearer = 1 + below * (zoom - 1) / (zoom * (horizon - scene.ground.stand))
        columns = (centre + (x - centre) / nearer[:, None]) / step_x - left
        frame = film[index, ground[0] :]
        _sheared(source, columns, top - (horizon - below / nearer) / step_y, frame)


def _sheared(source: Pixels, x: Line, y: Line, frame: Frames) -> None:
    """Bilinear samples of source [h,w,4] into the frame: row n at height y[n], at columns x[n] of its own."""
    across, down = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    part_x = np.repeat((x - across).astype(np.float32), 4, axis=1)
    lines = source[down]
    lines += (source[down + 1] - lines) * (y - down).astype(np.float32)[:, None, None]
    flat = lines.reshape(-1, 4)
    across += (np.arange(y.size) * source.shape[1])[:, None]
    _mix(frame, flat.take(across, 0), flat.take(across + 1, 0), part_x)


def _mix(frame: Frames, one: Pixels, two: Pixels, part: Pixels) -> None:
    """Mixes two pictures [h,w,4] into the frame [h,w,3]; rows and channels as wholes, for speed."""
    first, second = one.reshape(len(one), -1), two.reshape(len(two), -1)
    second -= first
    second *= part
    second += first
    mixed = _rounded(second).reshape(one.shape)
    for channel in range(3):
        frame[..., channel] = mixed[..., channel]


def _padded(picture: Pixels) -> Pixels:
    """A fourth channel for the sake of speed: numpy gathers 16 bytes at a time much faster than 12."""
    return np.concatenate([picture, picture[..., :1]], axis=2)


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
    fine = _paint(scene, step_x * np.arange(left, right), step_y * np.arange(top, bottom, -1), step_y)
    source = _padded(fine)
    for index, zoom in enumerate(cam.zoom):
        columns = (cam.x[index] + (x - scene.aspect / 2) / zoom) / step_x - left
        lines = top - (cam.y[index] + (y - 0.5) / zoom) / step_y
        _resample(source, columns, lines, film[index])


def _resample(source: Pixels, x: Line, y: Line, frame: Frames) -> None:
    """Bilinear samples of source [h,w,4] into the frame, at columns x and rows y, both going up."""
    across, down = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    part_x = np.repeat((x - across).astype(np.float32), 4)
    part_y = (y - down).astype(np.float32)[:, None, None]
    source = source[:, across[0] : across[-1] + 2]
    across = across - across[0]
    lines = source[down]
    lines += (source[down + 1] - lines) * part_y
    _mix(frame, np.take(lines, across, axis=1), np.take(lines, across + 1, axis=1), part_x)
