"""Edits: pairs of films that differ in one thing, the words that ask for it, and where they may differ."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.world import additions, changes, surroundings
from training.world.boxes import Frames
from training.world.chance import Film, Wanted, sample_scene
from training.world.changes import Change, Task
from training.world.render import render
from training.world.scene import Scene, Split, stream

PURPOSE = 21
SPREAD = 3 / 144
KINDS: dict[str, Change] = {
    "colour": changes.recolour,
    "shape": changes.reshape,
    "size": changes.resize,
    "replace": changes.exchange,
    "add": additions.add,
    "remove": changes.remove,
    "ground colour": surroundings.repaint,
    "ground": surroundings.pave,
    "sky": surroundings.daylight,
    "weather": surroundings.weather,
    "style": surroundings.restyle,
}
SHARES = {
    "colour": 0.17, "shape": 0.11, "size": 0.10, "replace": 0.12, "add": 0.11, "remove": 0.09,
    "ground colour": 0.07, "ground": 0.07, "sky": 0.07, "weather": 0.05, "style": 0.04,
}  # fmt: skip
# Their edited object is new, so that a held-out one may come of a source that training could show.
MAKES = ("colour", "shape", "replace", "add")
HELP = {
    "add": Wanted(camera="static", fire=False),
    "remove": Wanted(count=2),
    "ground colour": Wanted(material="floor"),
}
TRIES = 500


@dataclass(frozen=True)
class Edit:
    """A film, the same film changed as the instruction says, and what kind of change it is."""

    source: Scene
    target: Scene
    instruction: str
    kind: str


def sample_edit(seed: int, film: Film, split: Split = "train", kind: str | None = None) -> Edit:
    """An edit of the split, the same for the same arguments; the kind is left to chance unless given.

    In "train" neither film shows a held-out combination; in "heldout" the object that the edit makes or
    touches is one, and all objects are where it touches none. Raises KeyError if there is no such
    kind, ValueError if nothing was found.
    """
    rng = stream(seed, PURPOSE)
    drawn = str(rng.choice(list(SHARES), p=list(SHARES.values())))
    kind = kind or drawn
    origin: Split = "train" if kind in MAKES else split
    for _ in range(TRIES):
        # A seed of its own: the sources are not the films that the ordinary seeds give.
        source = sample_scene(int(rng.integers(1 << 40, 1 << 41)), film, origin, HELP.get(kind, Wanted()))
        changed = KINDS[kind](Task(rng, source, split))
        if changed is not None:
            return Edit(source, changed[0], _written(changed[1], rng), kind)
    raise ValueError(f"no edit of kind {kind} in split {split} for {film}")


def _written(text: str, rng: np.random.Generator) -> str:
    """Half of all people begin with a capital letter, most of them end with a full stop."""
    style = rng.random()
    if style < 0.5:
        return text
    text = text[0].upper() + text[1:]
    return text + "." if style < 0.85 else text


def mask(edit: Edit, height: int, width: int) -> NDArray[np.bool_]:
    """What may change [F,H,W]: where the two films differ, and a little around (3 pixels at height 144)."""
    return changed(render(edit.source, height, width), render(edit.target, height, width))


def changed(source: Frames, target: Frames) -> NDArray[np.bool_]:
    """The mask of two films [F,H,W,3] that are drawn already."""
    differs: NDArray[np.bool_] = (source != target).any(-1)
    reach = max(1, round(source.shape[1] * SPREAD))
    for axis in (1, 2):
        wide = differs.copy()
        for step in range(1, reach + 1):
            ahead, behind = (_cut(axis, slice(step, None)), _cut(axis, slice(None, -step)))
            wide[ahead] |= differs[behind]
            wide[behind] |= differs[ahead]
        differs = wide
    return differs


def _cut(axis: int, part: slice) -> tuple[slice, ...]:
    return tuple(part if number == axis else slice(None) for number in range(3))
