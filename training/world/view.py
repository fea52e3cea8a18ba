"""From world coordinates to pixels: the camera, and which part of the picture is drawn how large."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.world.scene import Scene

Line = NDArray[np.float64]
Crop = tuple[float, float, float, float]
WHOLE: Crop = (0.0, 0.0, 1.0, 1.0)
ZOOM = 1.45
ZOOM_Y = 0.34
TILT = 0.2
PUSHES = ("push in", "pull out")


@dataclass(frozen=True)
class Camera:
    """What the camera sees at each time [N]: `x`, `y` the picture's centre, `zoom` the enlargement."""

    x: Line
    y: Line
    zoom: Line


@dataclass(frozen=True)
class Canvas:
    """A picture of height x width pixels that shows the part `crop` (left, top, right, bottom in 0..1)."""

    height: int
    width: int
    crop: Crop = WHOLE


def pan_reach(scene: Scene) -> float:
    """How far the camera goes sideways in all, in units."""
    if not scene.camera.startswith("pan"):
        return 0.0
    return min(0.35 * scene.aspect, 0.25 * scene.duration_s)


def camera(scene: Scene, times: Line) -> Camera:
    """The camera's place and zoom at the times; it moves evenly from the first to the last moment.

    A push enlarges what stands on the ground around the point where the camera goes, on the horizon; how the
    scenery looks then is not in the zoom (see `panorama`).
    """
    part = np.clip(times / scene.duration_s, 0.0, 1.0)
    still = np.zeros_like(times)
    centre = scene.aspect / 2
    if scene.camera.startswith("pan"):
        way = -1.0 if scene.camera == "pan left" else 1.0
        return Camera(centre + way * pan_reach(scene) * (part - 0.5), still + 0.5, still + 1.0)
    if scene.camera.startswith("zoom"):
        zoom = ZOOM ** (part if scene.camera == "zoom in" else 1 - part)
        # The point that stays in place is the middle of the picture, a little below its centre.
        return Camera(still + centre, ZOOM_Y + (0.5 - ZOOM_Y) / zoom, zoom)
    if scene.camera.startswith("tilt"):
        # Never above the level view: there the ends of strings and the undersides of things would be seen.
        low = (1 - part) if scene.camera == "tilt up" else part
        return Camera(still + centre, 0.5 - min(TILT, 0.15 * scene.duration_s) * low, still + 1.0)
    if scene.camera in PUSHES:
        zoom = ZOOM ** (part if scene.camera == "push in" else 1 - part)
        horizon = scene.ground.horizon
        return Camera(still + centre, horizon + (0.5 - horizon) / zoom, zoom)
    return Camera(still + centre, still + 0.5, still + 1.0)


def to_columns(scene: Scene, canvas: Canvas, cam: Camera, x: Line) -> Line:
    """World x to pixel columns (0 is the left edge of the first pixel)."""
    left, _, right, _ = canvas.crop
    return (((x - cam.x) * cam.zoom / scene.aspect + 0.5) - left) / (right - left) * canvas.width


def to_rows(canvas: Canvas, cam: Camera, y: Line) -> Line:
    """World y to pixel rows (0 is the upper edge of the first pixel)."""
    _, top, _, bottom = canvas.crop
    return ((0.5 - (y - cam.y) * cam.zoom) - top) / (bottom - top) * canvas.height


def columns_per_unit(scene: Scene, canvas: Canvas) -> float:
    """Pixels per world unit sideways at zoom 1."""
    return canvas.width / ((canvas.crop[2] - canvas.crop[0]) * scene.aspect)


def rows_per_unit(canvas: Canvas) -> float:
    """Pixels per world unit upwards at zoom 1."""
    return canvas.height / (canvas.crop[3] - canvas.crop[1])


def columns(scene: Scene, canvas: Canvas) -> Line:
    """World x of the pixels' centres [width] under the camera at rest."""
    left, _, right, _ = canvas.crop
    return (left + (np.arange(canvas.width) + 0.5) / canvas.width * (right - left)) * scene.aspect


def rows(canvas: Canvas) -> Line:
    """World y of the pixels' centres [height] under the camera at rest, going down."""
    _, top, _, bottom = canvas.crop
    return 1 - top - (np.arange(canvas.height) + 0.5) / canvas.height * (bottom - top)
