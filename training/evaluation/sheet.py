"""The contact sheet: what was asked for, and what came of it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.evaluation.films import texts
from training.evaluation.lettering import written
from training.evaluation.work import FORMAT, HEIGHT, WIDTH, Work
from training.measures.reading import Reading, read_film
from training.world.chance import sample_scene
from training.world.edits import sample_edit
from training.world.figures import portrait, sample_character
from training.world.render import render
from training.world.sheet import GAP, png

Frames = NDArray[np.uint8]
COLUMNS = 8
MOST = 24
TOLD = 5
FROM_EDITS = 8


def draw(work: Work, n: int, path: Path) -> None:
    """A PNG of the films from words, some edits and some characters that lie in the work's folder."""
    rows = [
        *_words(work, min(n, MOST)),
        *_edits(work, min(n, FROM_EDITS)),
        *_figures(work, min(n, FROM_EDITS)),
    ]
    if rows:
        path.write_bytes(png(np.concatenate(rows)))


def strip(frames: Frames, lines: list[str]) -> Frames:
    """Eight frames of a film side by side, lines of text under them: uint8 [h,COLUMNS*(WIDTH+GAP),3]."""
    chosen = frames[np.linspace(0, len(frames) - 1, COLUMNS).round().astype(int)]
    picture = np.full((HEIGHT, COLUMNS * (WIDTH + GAP), 3), 40, np.uint8)
    for place, frame in enumerate(chosen):
        left = place * (WIDTH + GAP)
        picture[:, left : left + WIDTH] = frame
    colours = [(255, 255, 255), (170, 200, 170)]
    texts_ = [written(line, picture.shape[1], colours[k > 0]) for k, line in enumerate(lines)]
    return np.concatenate([picture, *texts_])


def told(reading: Reading) -> str:
    """What the detectors say of a film."""
    things = ", ".join(f"{t.size} {t.colour} {t.shape} {t.motion or '?'}" for t in reading.things[:TOLD])
    things += f" and {len(reading.things) - TOLD} more" if len(reading.things) > TOLD else ""
    extra = [reading.style] if reading.style != "plain" else []
    extra += [reading.weather] if reading.weather != "none" else []
    place = f"{reading.ground} ground, {reading.sky}, {reading.camera}"
    return f"seen: {things or 'nothing'}; {', '.join([place, *extra])}"


def _words(work: Work, n: int) -> Iterator[Frames]:
    for seed in work.scene_seeds(n):
        if work.has("text", seed):
            film = work.film("text", seed, {})
            scene = sample_scene(seed, FORMAT, "heldout")
            yield strip(film.frames, [texts(scene)[0], told(read_film(film.frames, film.fps))])


def _edits(work: Work, n: int) -> Iterator[Frames]:
    for seed in work.scene_seeds(n):
        if work.has("edit", seed):
            edit = sample_edit(seed, FORMAT, "heldout")
            frames = work.made("edit", seed, dict)["frames"]
            before = render(edit.source, HEIGHT, WIDTH)[: len(frames)]
            both = np.concatenate([before[::2], frames[::2]])
            yield strip(both, [f"edit ({edit.kind}): {edit.instruction}"])


def _figures(work: Work, n: int) -> Iterator[Frames]:
    for seed in work.scene_seeds(n):
        if work.has("character", seed):
            appearance = sample_character(seed, FORMAT, "heldout")
            frames = work.made("character", seed, dict)["frames"]
            shown = portrait(appearance.figure, HEIGHT, WIDTH)[None]
            chosen = frames[np.linspace(0, len(frames) - 1, COLUMNS - 1).round().astype(int)]
            yield strip(np.concatenate([shown, chosen]), [f"character: {appearance.caption}"])
