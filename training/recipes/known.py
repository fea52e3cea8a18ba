"""What is known of the layout of a film when a picture or film is given with its text, as it is read: with
errors, and with its things in any order. numpy alone.

Shapes: K slots, T latent frames, n of them known, A columns of a layout.
"""

from collections.abc import Sequence
from itertools import permutations

import numpy as np

from services.contract import layout as columns
from training.recipes.layouts import Numbers, layout_of
from training.world.edits import Edit
from training.world.scene import Object

PLACE, SIZE, FLAG, TURN = 0.03, 0.1, 0.25, 0.1
"""Deviations of what is read, in units of the columns."""
TURNS_LOST = 0.5
"""Turns are not seen of a ball, and hardly of what is small."""
MISSED, MISSED_WHOLLY = 0.03, 0.02
UNTURNED = 0.4


def as_read(rng: np.random.Generator, layout: Numbers, frames: int) -> Numbers:
    """Rows of a layout [K,n,A] as read from the first n latent frames of `frames`, [K,T,A+1]."""
    count = layout.shape[1]
    read = layout + _errors(rng, layout)
    there = layout[..., columns.THERE] > 0
    read = np.where(there, read, layout)
    turns = slice(columns.COSINE.start, columns.SINE.stop)
    lost = rng.random(columns.THINGS) < TURNS_LOST
    read[: columns.THINGS, :, turns] *= np.where(lost, rng.uniform(0, UNTURNED), 1.0)[:, None, None]
    missed = (rng.random(there.shape) < MISSED) | (rng.random((columns.SLOTS, 1, 1)) < MISSED_WHOLLY)
    missed[columns.GROUND] = False
    known = np.zeros((columns.SLOTS, frames, columns.COLUMNS + 1), np.float32)
    known[:, :count] = np.where(missed, 0.0, np.concatenate([read, np.ones_like(there)], axis=-1))
    return known


def _errors(rng: np.random.Generator, layout: Numbers) -> Numbers:
    """What is read less what is so [K,n,A]: of a thing all moments are off together."""
    sizes = np.zeros(columns.COLUMNS)
    for part, size in ((columns.LOOKS, FLAG), (columns.X, PLACE), (columns.Y, PLACE), (columns.RADIUS, SIZE)):
        sizes[part] = size
    sizes[columns.COSINE.start : columns.SINE.stop] = TURN
    steady = rng.normal(0, 1, (columns.SLOTS, 1, columns.COLUMNS))
    errors: Numbers = (0.6 * steady + 0.8 * rng.normal(0, 1, layout.shape)) * sizes
    return errors.astype(np.float32)


def shuffled(rng: np.random.Generator, *layouts: Numbers) -> list[Numbers]:
    """Layouts [K,...] with their things in another order, the same in all of them."""
    order = [*rng.permutation(columns.THINGS), columns.GROUND]
    return [layout[order] for layout in layouts]


def before_and_after(edit: Edit, shown: Sequence[int] | None = None) -> tuple[Numbers, Numbers]:
    """Layouts [K,T,A] of the two films of an edit; a thing that is in both has one slot."""
    source, target = layout_of(edit.source, shown), layout_of(edit.target, shown)
    if len(edit.target.objects) < len(edit.source.objects):
        source = _ordered(source, edit.source.objects, edit.target.objects)
    return source, target


def _ordered(layout: Numbers, all_: Sequence[Object], kept: Sequence[Object]) -> Numbers:
    """A layout whose first things are those that are kept."""
    looks = [(thing.shape, thing.colour) for thing in kept]
    for order in permutations(range(len(all_))):
        if [(all_[n].shape, all_[n].colour) for n in order[: len(kept)]] == looks:
            return layout[[*order, *range(len(all_), columns.SLOTS)]]
    return layout
