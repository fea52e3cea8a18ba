"""The layout of a film, drawn from its text before the film is: a loop of its own, too short to be reported.

It is a function of text and seed, so that a film that goes on from a snapshot has the layout that it began
with. Shapes: K slots, T latent frames, A columns of a layout.
"""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from services.contract import layout as columns
from services.contract import tensors
from services.contract.cast import TASKS
from services.contract.errors import GenerationError
from services.sampling.arrays import Array, Floats, Network
from services.sampling.guidance import guide
from services.sampling.loop import Course
from services.sampling.noise import Stream, noise
from services.sampling.schedule import linear
from services.sampling.solver import euler

IMAGE, CONTINUATION = TASKS.index("image"), TASKS.index("continuation")
WITHOUT = TASKS.index("edit"), TASKS.index("character")
"""Tasks whose films have no layout: a portrait says what it looks like, and what an edit leaves alone is not
kept surely yet."""
STEPS = 32
GUIDANCE = 2.0


def sample_layout(
    network: Network, course: Course, shape: tuple[int, ...], *, task: int, known: Floats | None = None
) -> Floats:
    """A layout [K,T,A] for latents of ``shape`` (C,T,h,w).

    ``known`` [K,T,A+1] is that of ``read_layout``, where a picture or film is given with the text. Zeros, for
    none, for tasks ``WITHOUT``. Raises GenerationError where the network's answer is not finite.
    """
    _, frames, rows, across = shape
    if task in WITHOUT:
        return np.zeros((columns.SLOTS, frames, columns.COLUMNS), np.float32)
    if known is None:
        known = np.zeros((columns.SLOTS, frames, columns.COLUMNS + 1), np.float32)
    fixed: Mapping[str, Array] = {
        tensors.KNOWN: np.stack([known, known]),
        tensors.TASK: np.full(2, task, dtype=np.int64),
        tensors.ASPECT: np.full(2, across / rows, dtype=np.float32),
        tensors.TEXT: course.text,
        tensors.TEXT_MASK: course.text_mask,
    }

    def field(x: Floats, time: float) -> Floats:
        inputs = {tensors.LAYOUT: np.stack([x, x]), tensors.TIMESTEP: np.full(2, time, dtype=np.float32)}
        return guide(network({**inputs, **fixed}), GUIDANCE)

    x = first = noise((columns.SLOTS, frames, columns.COLUMNS), course.seed, Stream.LAYOUT)
    stays = staying(known, task)
    for start, stop in pairwise(linear(STEPS)):
        x = euler(field, x, start, stop)
        x = np.where(stays, (1 - stop) * first + stop * known[..., :-1], x).astype(np.float32)
    if not np.isfinite(x).all():
        raise GenerationError("the layout is not finite")
    return settle(x)


def staying(known: Floats, task: int) -> NDArray[np.bool_]:
    """What stays as it is known [K,T,A]: all but turns, which are not read surely, of the first latent frames
    of a film that goes on; of a picture, which is one moment, that; else nothing."""
    read = np.zeros(columns.COLUMNS, bool)
    if task in (IMAGE, CONTINUATION):
        read[: columns.COLOUR.stop] = True
        for part in (columns.X, columns.Y, columns.RADIUS):
            read[part.start : part.stop if task == CONTINUATION else part.start + 1] = True
    stays: NDArray[np.bool_] = (known[..., -1:] > 0) & read
    return stays


def settle(drawn: Floats) -> Floats:
    """A layout [K,T,A] in which a thing is there or not, and of one kind and colour, in all latent frames."""
    layout = drawn.copy()
    there = drawn[..., columns.THERE].mean(1) > 0
    layout[..., columns.THERE] = np.where(there, 1, -1)[:, None]
    for part in (columns.KIND, columns.COLOUR):
        said = drawn[..., part].mean(1)
        most = said.max(-1, keepdims=True)
        layout[..., part] = np.where((said == most) & (most > 0) & there, 1, -1)[:, None]
    layout[..., columns.X.start :] *= there[:, None]
    return layout
