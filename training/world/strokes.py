"""Styles of drawing: flat colours, outlines, coloured pencil. Pixelation is the renderer's (`render`)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.world.scene import ROUND, Object, Scene

Pixels = NDArray[np.float32]
RGB = tuple[int, int, int]

PAINT = {
    "red": (226, 44, 44), "green": (40, 172, 68), "blue": (38, 92, 226), "yellow": (250, 212, 40),
    "orange": (248, 132, 24), "purple": (144, 62, 196), "pink": (246, 124, 178), "white": (244, 244, 246),
    "black": (44, 44, 50),
}  # fmt: skip
LINE = 0.015
PAPER: RGB = (250, 248, 240)
GRAPHITE: RGB = (64, 64, 72)
INK: RGB = (16, 16, 20)
CHALK: RGB = (246, 246, 248)
# Units from one stroke of the pencil to the next.
HATCH = 0.044


@dataclass(frozen=True)
class Points:
    """Points [N,h,w] of a thing, in radii: x, y on the screen, `own` x turned with it, distance to its edge.

    `size` [N,1,1] is the radius in units, `sharp` [N,1,1] in pixels.
    """

    x: Pixels
    y: Pixels
    own: Pixels
    distance: Pixels
    size: Pixels
    sharp: Pixels


def line(scene: Scene, colour: str | None = None) -> RGB:
    """What outlines are drawn with: ink, or chalk on what is dark itself."""
    if scene.style == "pencil":
        return GRAPHITE
    return CHALK if colour == "black" or scene.sky == "night" else INK


def coloured(scene: Scene, thing: Object, at: Points) -> Pixels:
    """Colour [N,h,w,3] (or [3], if it is the same everywhere) of the thing in the scene's style."""
    base = np.array(PAINT[thing.colour], np.float32)
    match scene.style:
        case "flat":
            return base
        case "outlined":
            return _edged(base, at, line(scene, thing.colour))
        case "pencil":
            stroke = np.float32(2 * np.pi / HATCH) * at.size
            hatch = hatched(at.x * stroke, -at.y * stroke * np.float32(0.8))
            return _edged(_on_paper(base, np.float32(0.66) + np.float32(0.34) * hatch), at, line(scene))
        case _:
            return _shaded(thing, base, at)


def _edged(colour: Pixels, at: Points, tint: RGB) -> Pixels:
    """The colour with a line of even width along the outline."""
    edge = np.clip((at.distance + np.float32(LINE) / at.size) * at.sharp + np.float32(0.5), 0, 1)
    mixed: Pixels = colour + (np.array(tint, np.float32) - colour) * edge[..., None]
    return mixed


def hatched(across: Pixels, down: Pixels) -> Pixels:
    """Strokes -1..1 of a pencil from two phases that add up; sharper than a sine."""
    wave = np.cos(across + down)
    strokes: Pixels = wave * (np.float32(1.5) - np.float32(0.5) * wave * wave)
    return strokes


def _on_paper(colour: Pixels, cover: Pixels) -> Pixels:
    paper = np.array(PAPER, np.float32)
    mixed: Pixels = paper + (colour - paper) * cover[..., None]
    return mixed


def sketched(picture: Pixels, x: Pixels, y: Pixels) -> Pixels:
    """A painted backdrop [h,w,3] at x [w], y [h] as if in coloured pencil."""
    wobble = np.float32(0.9) * np.sin(x * np.float32(5.3)) + np.float32(0.6) * np.sin(x * np.float32(13.1))
    across = (x * np.float32(1.6 * np.pi / HATCH) + wobble)[None, :]
    down = (y * np.float32(1.2 * np.pi / HATCH))[:, None]
    return _on_paper(picture, np.float32(0.66) + np.float32(0.22) * hatched(across, down))


def _shaded(thing: Object, base: Pixels, at: Points) -> Pixels:
    """Light from above left, a darker rim, a gloss, a stripe."""
    x, y = at.x, at.y
    light = np.clip(1 + (y * np.float32(0.17) - x * np.float32(0.1)), 0.72, 1.25)
    rim = np.clip((at.distance + np.float32(0.13)) * 10, 0, 1)
    shade = light * (1 - np.float32(0.3) * rim)
    if thing.shape in ROUND:
        stripe = np.clip(np.float32(0.23) - np.abs(at.own), 0, 0.05) * np.float32(20)
        shade = shade * (1 - np.float32(0.26) * stripe)
    gloss = np.exp(((x + np.float32(0.34)) ** 2 + (y - np.float32(0.42)) ** 2) * np.float32(-9.0))
    gloss = gloss * np.float32(0.55 if thing.shape == "ball" else 0.25)
    np.minimum(shade, np.float32(1.12), out=shade)
    colour: Pixels = np.empty((*shade.shape, 3), np.float32)
    # A channel at a time: numpy is slow where the last axis is short.
    for channel, full in enumerate(base):
        lit = np.minimum(shade * full, np.float32(255))
        colour[..., channel] = lit + (np.float32(255) - lit) * gloss
    return colour
