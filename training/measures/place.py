"""Where it is: the horizon, the sky above it and the ground below."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.measures.camera import Drift
from training.measures.look import PAPER, STROKES, Frames, ground_style, is_pencilled, is_pixelated
from training.measures.palette import GROUNDS

Pixels = NDArray[np.float32]
RGB = tuple[int, int, int]
# Lower and upper colour of each sky, and what is in it: clouds, stars and moon, the sun, a skirting board.
SKIES: dict[str, tuple[RGB, RGB]] = {
    "day": ((216, 236, 250), (112, 180, 238)),
    "night": ((52, 60, 112), (12, 14, 42)),
    "sunset": ((255, 196, 122), (128, 84, 148)),
    "overcast": ((212, 215, 219), (156, 164, 173)),
    "room": ((240, 230, 212), (222, 208, 186)),
}
FURNITURE: dict[str, tuple[RGB, ...]] = {
    "day": ((252, 253, 255),),
    "night": ((250, 250, 230), (246, 242, 214)),
    "sunset": ((255, 222, 138), (255, 238, 176)),
    "overcast": ((188, 193, 199),),
    "room": ((250, 246, 238),),
}
CLOUD = 14.0  # of the sum of three colours
DIM = {"night": 0.72, "sunset": 0.9, "overcast": 0.93}


@dataclass(frozen=True)
class Place:
    """`lines` [F,H,3] the usual colour of each line of pixels, `horizon` [F] its row, and their names.

    `style` is plain, flat, outlined, pixelated or pencil.
    """

    lines: Pixels
    horizon: NDArray[np.int64]
    sky: str
    ground: str
    style: str


def rough_horizon(frames: Frames) -> float:
    """Where the horizon of the first frame is, in picture heights from above."""
    lines = np.median(frames[:1], axis=2).astype(np.float32)
    still = Drift("static", np.zeros(1), np.zeros(1), np.ones(1))
    return float(_horizon(lines, still)[0] + 0.5) / frames.shape[1]


def find_place(frames: Frames, moved: Drift) -> Place:
    """The place of a film [F,H,W,3]."""
    lines = np.median(frames, axis=2).astype(np.float32)
    if moved.camera == "static":
        lines = np.broadcast_to(np.median(lines, axis=0), lines.shape)
    horizon = _horizon(lines, moved)
    style = "pixelated" if is_pixelated(frames) else "pencil" if is_pencilled(frames) else ""
    bare = _uncovered(frames) if style == "pencil" else lines
    sky = _sky(bare, horizon)
    style = style or ground_style(lines[0], int(horizon[0]))
    if sky in ("day", "overcast"):
        lines = _without_clouds(lines, horizon)
    return Place(lines, horizon, sky, _ground(bare, horizon, sky), style)


def _without_clouds(lines: Pixels, horizon: NDArray[np.int64]) -> Pixels:
    """The lines [F,H,3] with those of the sky on a straight run of colours where clouds fill them."""
    clear = lines.copy()
    for number, row in enumerate(horizon):
        part = clear[number, : max(int(row) - 3, 0)]
        if len(part) > 8:
            x = np.linspace(-1, 1, len(part), dtype=np.float32)
            weight = np.ones(len(part), np.float32)
            for _ in range(4):
                run = np.stack([np.polyval(np.polyfit(x, part[:, c], 1, w=weight), x) for c in range(3)], 1)
                away = np.abs(part - run).sum(1)
                weight = (1 / (1 + (away / CLOUD) ** 2)).astype(np.float32)
            part[away > CLOUD] = run[away > CLOUD]
    return clear


def _uncovered(frames: Frames) -> Pixels:
    """The usual colour of each line [F,H,3] as if no paper were seen between the strokes."""
    paper = np.array(PAPER, np.float32)
    mean = np.sort(frames, axis=2)[:, :, frames.shape[2] // 5 : -(frames.shape[2] // 5)].mean(
        2, dtype=np.float32
    )
    bare: Pixels = paper + (mean - paper) / np.float32(STROKES)
    return bare


def _horizon(lines: Pixels, moved: Drift) -> NDArray[np.int64]:
    """The row [F] where the picture changes most from above to below, as the camera carries it along."""
    count, height = lines.shape[:2]
    step = np.zeros((count, height))
    step[:, 2:-1] = np.abs(lines[:, 3:] - lines[:, :-3]).sum(-1)
    first = np.arange(round(0.3 * height), round(0.95 * height))
    rows = moved.zoom[:, None] * (first - height / 2) + (moved.y[:, None] + 0.5) * height
    rows = np.clip(np.rint(rows), 0, height - 1).astype(np.int64)
    best = int(np.take_along_axis(step, rows, 1).mean(0).argmax())
    row: NDArray[np.int64] = rows[:, best]
    return row


def _sky(lines: Pixels, horizon: NDArray[np.int64]) -> str:
    """The sky whose run of colours the lines above the horizon are nearest to."""
    away = dict.fromkeys(SKIES, 0.0)
    for line, row in zip(lines, horizon, strict=True):
        part = np.linspace(1, 0, max(int(row) - 2, 2), dtype=np.float32)[:, None]
        for name, (low, high) in SKIES.items():
            wanted = np.array(low, np.float32) * (1 - part) + np.array(high, np.float32) * part
            away[name] += float(np.abs(line[: len(wanted)] - wanted).mean())
    return min(away, key=lambda name: away[name])


def _ground(lines: Pixels, horizon: NDArray[np.int64], sky: str) -> str:
    """The ground's name by the usual colour below the horizon, as it would look by day."""
    colours = np.concatenate([line[int(row) + 3 :] for line, row in zip(lines, horizon, strict=True)])
    if len(colours) == 0:
        return ""
    usual = np.median(colours, axis=0) / (DIM.get(sky, 1.0) * 0.96)
    return min(GROUNDS, key=lambda name: float(np.abs(usual - np.array(GROUNDS[name])).sum()))
