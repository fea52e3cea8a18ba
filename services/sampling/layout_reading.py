"""From what cells say they show to the layout of what is given with an order.

Shapes: K slots, T latent frames, N cells of one, A columns of a layout.
"""

import numpy as np

from services.contract import layout as columns
from services.contract import tensors
from services.sampling.arrays import Floats, Network

NEAR = 1.0
"""Radii of a thing within which cells that speak of it place its middle."""
LEAST_NEAR = 0.05
LEAST_CELLS = 2
UNLIKE = 0.1
"""Heights of the picture that one wrong flag of kind or colour weighs, where things are followed."""
LOST = 0.5
ABSENT = np.concatenate(
    [np.full(columns.COLOUR.stop, -1.0), np.zeros(columns.COLUMNS - columns.COLOUR.stop)]
).astype(np.float32)


def read_layout(network: Network, source: Floats, frames: int) -> Floats:
    """What is known of a layout [K,T,A+1] of `frames` latent frames, from latents [C,n,h,w] of the first n.

    The last column is 1 where something is known, 0 elsewhere, where the others are 0 too. What a thing looks
    like is a mean over the latent frames in which it is found.
    """
    said = network({tensors.LATENTS: np.ascontiguousarray(source[None])})[0]
    known = np.zeros((columns.SLOTS, frames, columns.COLUMNS + 1), np.float32)
    followed = follow([things(cells[:-1]) for cells in said])
    count = len(said)
    for slot, rows in enumerate(followed):
        seen, thing = list(rows), np.stack(list(rows.values()))
        thing[:, columns.LOOKS] = thing[:, columns.LOOKS].mean(0)
        known[slot, seen, : columns.COLUMNS], known[slot, seen, -1] = thing, 1.0
    for slot in range(len(followed), columns.THINGS):
        known[slot, :count] = [*ABSENT, 1.0]
    known[columns.GROUND, :count, : columns.COLUMNS], known[columns.GROUND, :count, -1] = said[:, -1], 1.0
    return known


def things(cells: Floats) -> list[Floats]:
    """Rows [A] of the things of which cells [N,A] speak, at most THINGS, the surest first."""
    left = cells[cells[:, columns.THERE.start] > 0]
    found: list[Floats] = []
    while len(left) and len(found) < columns.THINGS:
        surest = left[left[:, columns.THERE.start].argmax()]
        reach = max(LEAST_NEAR, NEAR * float(_radius(surest)))
        near = np.linalg.norm(_middle(left) - _middle(surest), axis=-1) < reach
        if near.sum() >= LEAST_CELLS:
            found.append(left[near].mean(0))
        left = left[~near]
    return found


def follow(found: list[list[Floats]]) -> list[dict[int, Floats]]:
    """For each thing its rows by latent frame, from those found in each: the same thing is what is nearest to
    where it was and most like it."""
    followed: list[dict[int, Floats]] = []
    for frame, rows in enumerate(found):
        free = list(range(len(followed)))
        for row in rows:
            costs = [_unlike(followed[slot][max(followed[slot])], row) for slot in free]
            if costs and min(costs) < LOST:
                followed[free.pop(int(np.argmin(costs)))][frame] = row
            elif len(followed) < columns.THINGS:
                followed.append({frame: row})
    return followed


def _unlike(before: Floats, now: Floats) -> float:
    """How far a thing would have come and changed."""
    last, first = columns.MOMENTS - 1, 0
    way = [(before[part][last] - now[part][first]) / columns.PLACE_SCALE for part in (columns.X, columns.Y)]
    flags = np.abs(np.sign(before[columns.LOOKS]) - np.sign(now[columns.LOOKS])).sum() / 2
    return float(np.hypot(*way) + UNLIKE * flags)


def _middle(rows: Floats) -> Floats:
    """Places [...,2] in heights of the picture."""
    place = [rows[..., part].mean(-1) for part in (columns.X, columns.Y)]
    middle: Floats = np.stack(place, axis=-1) / columns.PLACE_SCALE
    return middle


def _radius(rows: Floats) -> Floats:
    radius: Floats = rows[..., columns.RADIUS].mean(-1) / columns.RADIUS_SCALE + columns.RADIUS_MIDDLE
    return radius
