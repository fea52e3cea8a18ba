"""Characters: little figures put together from parts, their portraits, and films in which they appear."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from typing import Final

import numpy as np

from training.world import lexicon, phrases, view
from training.world.anatomy import BODIES, EYES, FOOT_Y, LEGS, PATTERNS, REACH, TOPS
from training.world.boxes import Frames
from training.world.captions import caption
from training.world.chance import LOST_IN, Film, Wanted, sample_scene
from training.world.puppet import Figure, Spots, put
from training.world.render import Drawn, render
from training.world.scene import COLOURS, HELDOUT_SHARE, Scene, Split, stream
from training.world.view import Camera, Canvas

PURPOSE = 22
# What the figure weighs and where its foot is: as physics and sound see it, it is a heart.
STAND_IN: Final = "heart"
MOTIONS: Final = {
    "bounce": 0.22, "hop": 0.24, "slide": 0.10, "fall": 0.10, "rise": 0.09, "spin": 0.07, "swing": 0.06,
    "grow": 0.04, "shrink": 0.03, "still": 0.05,
}  # fmt: skip
PAPER: Final = (236, 234, 230)
TALL: Final = 0.6
SHADED: Final = ("plain", "pixelated")
TRIES: Final = 500


@dataclass(frozen=True)
class Appearance:
    """A film in which the figure takes the place of the scene's first object, and what people call it."""

    figure: Figure
    scene: Scene
    caption: str


def is_heldout_figure(figure: Figure) -> bool:
    """Whether the figure is kept out of training: one in ten, by a hash that never changes."""
    return zlib.crc32(" ".join(astuple(figure)).encode()) % HELDOUT_SHARE == 0


def sample_figure(seed: int, split: Split = "train") -> Figure:
    """A figure of the split, the same for the same arguments."""
    return _figure(stream(seed, PURPOSE), split)


def _figure(rng: np.random.Generator, split: Split) -> Figure:
    while True:
        colour, second = (str(name) for name in rng.choice(COLOURS, 2, replace=False))
        body, top, eyes, legs, pattern = (
            str(rng.choice(parts)) for parts in (BODIES, TOPS, EYES, LEGS, PATTERNS)
        )
        figure = Figure(body, colour, second, top, eyes, legs, pattern)
        if is_heldout_figure(figure) == (split == "heldout"):
            return figure


def describe(figure: Figure) -> dict[str, str]:
    """The parts of the figure by name."""
    names = ("body", "colour", "second", "top", "eyes", "legs", "pattern")
    return dict(zip(names, astuple(figure), strict=True))


def portrait(figure: Figure, height: int, width: int) -> Frames:
    """The figure alone on plain paper, uint8 [height,width,3].

    The tallest are 60 % of the height; all are smaller where the width does not allow that.
    """
    top, foot = REACH, -FOOT_Y
    radius = min(TALL * height / (top - foot), 0.42 * width)
    canvas = Canvas(height, width)
    film = np.full((1, height, width, 3), PAPER, np.uint8)
    row = height / 2 + (top + foot) / 2 * radius
    place = (np.array([value]) for value in (width / 2, row, radius, radius, 0.0))
    put(figure, canvas, Spots(*place), film)
    picture: Frames = film[0]
    return picture


def sample_character(
    seed: int, film: Film, split: Split = "train", figure: Figure | None = None
) -> Appearance:
    """A film of a figure of the split (or of the given one), the same for the same arguments.

    Raises ValueError if no scene was found in which the figure is seen against ground and sky.
    """
    rng = stream(seed, PURPOSE)
    drawn = _figure(rng, split)
    figure = figure or drawn
    for _ in range(TRIES):
        motion = str(rng.choice(list(MOTIONS), p=list(MOTIONS.values())))
        size = "large" if rng.random() < 0.6 else "medium"
        wanted = Wanted(shape=STAND_IN, motion=motion, size=size, count=1)
        scene = sample_scene(int(rng.integers(1 << 40, 1 << 41)), film, "train", wanted)
        if figure.colour not in (scene.ground.colour, LOST_IN.get(scene.sky)):
            stand_in = replace(scene.objects[0], colour=figure.colour)
            scene = replace(scene, objects=(stand_in,))
            return Appearance(figure, scene, _named(scene, rng))
    raise ValueError(f"no scene for {figure} in {film}")


def _named(scene: Scene, rng: np.random.Generator) -> str:
    """A caption of the scene that calls its first object "this character"."""
    (thing,) = scene.objects
    parts = [
        "|".join(sorted({word for word in words if word}, key=len, reverse=True))
        for words in (
            lexicon.SIZE_WORDS[thing.size],
            lexicon.COLOUR_WORDS[thing.colour],
            lexicon.NOUNS[thing.shape],
        )
    ]
    size = f"(?:(?:{parts[0]}) )?" if parts[0] else ""
    name = re.compile(rf"\b(?:an? )?{size}(?:{parts[1]}) (?:{parts[2]})\b", re.IGNORECASE)
    new = phrases.CHARACTERS[int(rng.integers(len(phrases.CHARACTERS)))]
    text = caption(scene, rng)
    found = name.search(text)
    if found is None:
        raise ValueError(f"{text!r} does not name {thing.colour} {thing.shape}")
    if found.group()[0].isupper():
        new = new[0].upper() + new[1:]
    return text[: found.start()] + new + text[found.end() :]


def render_character(
    appearance: Appearance, height: int, width: int, frames: Sequence[int] | None = None
) -> Frames:
    """The film, or the given frames of it, as uint8 [F,height,width,3]."""
    figure = appearance.figure

    def artist(scene: Scene, canvas: Canvas, cam: Camera, drawn: Drawn, film: Frames) -> None:
        thing, state = drawn
        size = thing.radius * state.scale * cam.zoom
        spot = Spots(
            view.to_columns(scene, canvas, cam, state.x),
            view.to_rows(canvas, cam, state.y),
            size * view.columns_per_unit(scene, canvas),
            size * view.rows_per_unit(canvas),
            state.angle,
        )
        styled = None if scene.style in SHADED else (scene, thing, thing.radius * state.scale)
        put(figure, canvas, spot, film, styled)

    return render(appearance.scene, height, width, frames=frames, first=artist)
