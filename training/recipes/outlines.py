"""Teaches a layout field the outlines of things before a video transformer learns with it.

From the loss of films it learned next to nothing of them in a thousand steps: an edge in latents is an
outline times a contrast that the field cannot know. Outlines are drawn by the thousand, nothing is rendered.

Shapes: B things, h w rows and columns, A columns of a layout, M moments, Q quarters of a cell, S quarters of
these.
"""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from services.contract import layout as columns
from services.families.moviegen.layout_field import LEAST_RADIUS, QUARTERS, SIDE, LayoutField, Outlines
from training.recipes.layouts import GROUND, Numbers
from training.world.scene import SHAPES
from training.world.shapes import SHAPE

SEED = 52_000_000
ROWS = 10
"""Rows and columns of cells in which a thing lies."""
THINGS = 64
STEPS = 1500
PEAK = 1.2e-2
WARMUP = 50
ENOUGH = 0.9
"""Part of the variance of what is covered that is explained by outlines that need no teaching."""


def things(rng: np.random.Generator, count: int) -> Tensor:
    """Layouts [B,1,1,A] of a thing or the ground, anywhere, of any size and turn, moving."""
    said = np.zeros((count, columns.COLUMNS), np.float32)
    said[:, : columns.COLOUR.stop] = -1.0
    said[:, columns.THERE] = 1.0
    kinds = [*range(len(SHAPES)), GROUND]
    said[np.arange(count), columns.KIND.start + rng.choice(kinds, count)] = 1.0
    said[np.arange(count), columns.COLOUR.start + rng.integers(columns.COLOURS, size=count)] = 1.0
    radius = np.exp(rng.uniform(np.log(0.5), np.log(6.0), count)) / ROWS
    radius = _line(radius, rng.normal(0, 0.1, count) * radius)
    turning = rng.normal(0, 0.8, count) * (rng.random(count) < 0.5)
    turn = _line(rng.uniform(-np.pi, np.pi, count) * (rng.random(count) < 0.6), turning)
    ground = said[:, columns.KIND.start + GROUND] > 0
    turn[ground] = 0.0
    for where in (columns.X, columns.Y):
        said[:, where] = columns.PLACE_SCALE * _line(
            rng.uniform(-0.7, 0.7, count), rng.normal(0, 0.15, count)
        )
    said[:, columns.RADIUS] = columns.RADIUS_SCALE * (radius - columns.RADIUS_MIDDLE)
    said[:, columns.COSINE], said[:, columns.SINE] = np.cos(turn), np.sin(turn)
    return torch.from_numpy(said)[:, None, None]


def _line(middle: NDArray[np.float64], slope: NDArray[np.float64]) -> Numbers:
    moments = np.linspace(-0.5, 0.5, columns.MOMENTS)
    return (middle[:, None] + slope[:, None] * moments).astype(np.float32)


def covered(layout: Tensor, rows: int = ROWS) -> Tensor:
    """How much of each quarter of a quarter of a cell is covered, [B,1,1,h,w,M,Q,S]."""
    fine = rows * SIDE * SIDE
    said = layout[:, 0, 0].numpy()
    u, v, radius = _seen(said, fine)
    shares = np.zeros_like(u)
    for kind in range(columns.KINDS):
        of = said[:, columns.KIND.start + kind] > 0
        if of.any():
            distance = v[of] if kind == GROUND else SHAPE[SHAPES[kind]](u[of], v[of])
            shares[of] = np.clip(0.5 - distance * radius[of] * fine, 0, 1)
    parts = shares.reshape(len(said), columns.MOMENTS, rows, SIDE, SIDE, rows, SIDE, SIDE)
    parts = parts.transpose(0, 2, 5, 1, 3, 6, 4, 7)
    shape = len(said), 1, 1, rows, rows, columns.MOMENTS, QUARTERS, QUARTERS
    return torch.from_numpy(np.ascontiguousarray(parts)).reshape(shape)


def _seen(said: Numbers, fine: int) -> tuple[Numbers, Numbers, Numbers]:
    """Coordinates [B,M,h,w] of `fine` rows and columns in the frames of things, and their radii [B,M,1,1]."""
    place = said[:, :, None, None]
    line = ((np.arange(fine) + 0.5) / fine - 0.5).astype(np.float32)
    x = line - place[:, columns.X] / columns.PLACE_SCALE
    y = -line[:, None] - place[:, columns.Y] / columns.PLACE_SCALE
    radius = np.maximum(place[:, columns.RADIUS] / columns.RADIUS_SCALE + columns.RADIUS_MIDDLE, LEAST_RADIUS)
    cosine, sine = place[:, columns.COSINE], place[:, columns.SINE]
    return (cosine * x + sine * y) / radius, (cosine * y - sine * x) / radius, radius


@torch.no_grad()
def explained(outlines: Outlines, device: str) -> float:
    """Part of the variance of what things cover that outlines explain."""
    layout = things(np.random.default_rng(SEED - 1), 4 * THINGS)
    truth = covered(layout).to(device)
    guess = torch.sigmoid(outlines(layout.to(device), ROWS, ROWS)[0])
    return 1.0 - float((guess - truth).square().mean() / truth.var())


def teach(field: LayoutField, device: str, steps: int = STEPS) -> float:
    """Teach outlines, unless they are known; how much of the variance of what things cover they explain."""
    outlines = field.outlines
    if (known := explained(outlines, device)) > ENOUGH:
        return known
    rng = np.random.default_rng(SEED)
    optimizer = torch.optim.AdamW(outlines.parameters(), lr=PEAK, betas=(0.9, 0.99), weight_decay=0.0)
    for step in range(steps):
        rate = PEAK * min(1.0, (step + 1) / WARMUP) * (0.5 + 0.5 * np.cos(np.pi * step / steps))
        for group in optimizer.param_groups:
            group["lr"] = rate
        layout = things(rng, THINGS)
        logits = outlines(layout.to(device), ROWS, ROWS)[0]
        loss = F.binary_cross_entropy_with_logits(logits, covered(layout).to(device))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    optimizer.zero_grad()
    return explained(outlines, device)
