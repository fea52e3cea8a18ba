"""How a figure is painted, part over part, in any style."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from training.world.anatomy import (
    BEHIND,
    BODY,
    LEG,
    LEGLESS_DROP,
    NECK,
    PATTERN,
    REACH,
    TOP,
    Field,
    block,
    ellipse,
)
from training.world.boxes import Frames, Pixels, boxes, lay
from training.world.scene import Object, Scene
from training.world.strokes import LINE, PAINT, Points, coloured
from training.world.view import Canvas, Line


@dataclass(frozen=True)
class Figure:
    """A figure: the shape of its body, its two colours, and its parts, each by name."""

    body: str
    colour: str
    second: str
    top: str
    eyes: str
    legs: str
    pattern: str


@dataclass(frozen=True)
class Layer:
    """One part: where it is, its colour, and whether it has an outline where outlines are drawn."""

    field: Field
    colour: str
    edged: bool = False


# The colour [N,h,w,3], or [3], of a part from the distance to its outline.
Tint = Callable[[Layer, Pixels], Pixels]


def _eyes(kind: str) -> Iterator[Layer]:
    if kind == "one":
        yield Layer(lambda x, y: ellipse(x, y - np.float32(0.16), 0.27, 0.25), "white")
        yield Layer(lambda x, y: ellipse(x, y - np.float32(0.16), 0.13, 0.14), "black")
    elif kind == "two":
        yield Layer(
            lambda x, y: ellipse(np.abs(x) - np.float32(0.2), y - np.float32(0.16), 0.17, 0.2), "white"
        )
        yield Layer(
            lambda x, y: ellipse(np.abs(x) - np.float32(0.17), y - np.float32(0.14), 0.085, 0.11), "black"
        )
    else:
        yield Layer(lambda x, y: block(x, y - np.float32(0.16), 0.44, 0.16, 0.12), "black")
        yield Layer(
            lambda x, y: ellipse(np.abs(x) - np.float32(0.18), y - np.float32(0.16), 0.07, 0.07), "white"
        )


def _layers(figure: Figure) -> Iterator[Layer]:
    """The figure's parts from back to front."""
    first, second = figure.colour, figure.second
    body = BODY[figure.body]

    def top(x: Pixels, y: Pixels) -> Pixels:
        return TOP[figure.top](x, y - np.float32(NECK))

    if figure.legs != "none":
        yield Layer(LEG[figure.legs], second, True)
    if figure.top in BEHIND:
        yield Layer(top, second, True)
    yield Layer(body, first, True)
    if figure.pattern != "plain":
        yield Layer(
            lambda x, y: np.maximum(body(x, y) + np.float32(0.03), PATTERN[figure.pattern](x, y)), second
        )
    yield from _eyes(figure.eyes)
    if figure.top not in (*BEHIND, "bare"):
        yield Layer(top, second, True)


def shaded(x: Pixels, y: Pixels) -> Tint:
    """Colours under light from above left, with darker rims, for points x, y on the screen in radii."""
    light = np.clip(1 + (y * np.float32(0.14) - x * np.float32(0.08)), 0.75, 1.2)

    def tint(layer: Layer, distance: Pixels) -> Pixels:
        rim = np.clip((distance + np.float32(0.07)) * np.float32(14), 0, 1)
        shade = light * (1 - np.float32(0.35) * rim)
        lit: Pixels = np.minimum(
            shade[..., None] * np.array(PAINT[layer.colour], np.float32), np.float32(255)
        )
        return lit

    return tint


def paint(figure: Figure, own: tuple[Pixels, Pixels], sharp: Pixels, tint: Tint) -> tuple[Pixels, Pixels]:
    """Colour [N,h,w,3] and cover [N,h,w] of points at x, y in the figure's own radii.

    `sharp` is the number of pixels in a radius, `tint` the way of painting (`shaded`).
    """
    x, y = own
    if figure.legs == "none":
        y = y + np.float32(LEGLESS_DROP)
    cover = np.zeros(np.broadcast_shapes(x.shape, y.shape), np.float32)
    colour = np.zeros((*cover.shape, 3), np.float32)
    for layer in _layers(figure):
        distance = layer.field(x, y)
        part = np.clip(np.float32(0.5) - distance * sharp, 0, 1)
        colour += (tint(layer, distance) - colour) * part[..., None]
        cover += (1 - cover) * part
    # The colours so far are weighted by their cover.
    colour /= np.maximum(cover, np.float32(1e-4))[..., None]
    return np.minimum(colour, np.float32(255)), cover


@dataclass(frozen=True)
class Spots:
    """Where a figure is in each frame [F]: its centre, the pixels in its radius, its angle."""

    column: Line
    row: Line
    across: Line
    down: Line
    angle: Line


def put(
    figure: Figure, canvas: Canvas, at: Spots, film: Frames, styled: tuple[Scene, Object, Line] | None = None
) -> None:
    """Lays the figure over each frame, in the scene's style and with its radius in units if `styled`."""
    reach = np.stack([at.across * REACH + 1, at.down * REACH + 1, at.across, at.down], 1)
    for box in boxes(canvas, at.column, at.row, reach):
        angle = at.angle[box.frames, None, None]
        cos, sin = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
        x, y = box.x[:, None, :], box.y[:, :, None]
        own = cos * x + sin * y, cos * y - sin * x
        sharp = at.down[box.frames, None, None].astype(np.float32)
        tint = shaded(x, y)
        if styled is not None:
            scene, thing, units = styled
            size = units[box.frames, None, None].astype(np.float32)
            tint = _styled(scene, thing, Points(x, y, own[0], own[1], size, sharp))
        lay(film, box, *paint(figure, own, sharp, tint))


def _styled(scene: Scene, thing: Object, at: Points) -> Tint:
    """Colours as the scene's style has them; lines are half as wide as those of the large shapes."""
    finer = np.float32(LINE / 2) / at.size

    def tint(layer: Layer, distance: Pixels) -> Pixels:
        edge = distance - finer if layer.edged else np.full_like(distance, -1)
        return coloured(scene, replace(thing, colour=layer.colour), replace(at, distance=edge))

    return tint
