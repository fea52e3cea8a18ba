"""How the film is drawn: shaded as usual, flat, outlined, in cells, or in coloured pencil."""

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]
Pixels = NDArray[np.float32]
PAPER = (250, 248, 240)
CELLS = 36  # in the picture's height
STROKES = 0.66  # how much of the paper pencil covers on average


def is_pixelated(frames: Frames) -> bool:
    """Whether brightness changes from column to column almost only where square cells meet."""
    cell = frames.shape[1] // CELLS
    if cell < 2:
        return False
    light = frames[:: max(1, len(frames) // 6)].astype(np.int16).sum(-1)
    step = np.abs(np.diff(light, axis=2)).astype(np.float64)
    columns = step.mean((0, 1))
    meets = (np.arange(1, columns.size + 1) * CELLS) // frames.shape[1]
    border = np.diff(meets, prepend=0) > 0
    # With cells as wide as a few pixels, most columns lie inside of one.
    return bool(columns[border].sum() > 0.6 * max(columns.sum(), 1e-6))


def is_pencilled(frames: Frames) -> bool:
    """Whether fine strokes cover most lines of the picture."""
    light = frames[:: max(1, len(frames) // 6)].astype(np.float32).mean(-1)
    width = max(3, round(frames.shape[1] * 0.048) | 1)
    total = np.cumsum(np.pad(light, ((0, 0), (0, 0), (width // 2 + 1, width // 2)), "edge"), axis=2)
    smooth = (total[..., width:] - total[..., :-width]) / width
    # The median: drops, flakes and things are few.
    rough = np.median(np.abs(light - smooth)[..., width:-width], axis=2)
    return bool(np.quantile(rough, 0.3) > 1.6)


def ground_style(lines: Pixels, horizon: int) -> str:
    """plain, flat or outlined, by the usual colours of the lines [H,3] around and below the horizon."""
    light = lines.mean(-1)
    above, below = light[max(0, horizon - 9) : max(1, horizon - 4)], light[horizon + 4 : horizon + 9]
    near = light[max(0, horizon - 2) : horizon + 3]
    if len(below) and (
        near.min() < min(above.mean(), below.mean()) - 30 or near.max() > max(above.mean(), below.mean()) + 75
    ):
        return "outlined"
    ground = light[horizon + 4 :]
    if len(ground) > 8 and float(np.ptp(ground)) < 0.06 * float(ground.mean()):
        return "flat"
    return "plain"
