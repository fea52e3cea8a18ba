"""What falls: rain or snow, by the many small things that are seen in one frame alone."""

import numpy as np

from training.measures.camera import Drift
from training.measures.look import Frames
from training.measures.regions import Mask, dilate, regions

FEWEST = 8  # of them in a frame
BRIGHTER = 11.0  # levels
APART = 3  # frames after which a flake is elsewhere


def weather(frames: Frames, things: Mask, moved: Drift) -> str:
    """none, rain or snow in a film [F,H,W,3] of at least 7 frames; `things` [F,H,W] is what is no weather."""
    if len(frames) <= 2 * APART:
        return "none"
    height = frames.shape[1]
    light = frames.astype(np.float32) @ np.array([0.30, 0.59, 0.11], np.float32)
    early, late, here = slice(None, -2 * APART), slice(2 * APART, None), slice(APART, -APART)
    # As far as the camera shifts the picture, it is shifted back.
    step = (round(moved.y[APART] * height), round(moved.x[APART] * height))
    before = np.roll(light[early], step, (1, 2))
    after = np.roll(light[late], (-step[0], -step[1]), (1, 2))
    usual = np.median(np.stack([before, light[here], after]), axis=0)
    around = things[early] | things[here] | things[late]
    fresh = (np.abs(light[here] - usual) > BRIGHTER) & ~dilate(around, 2)
    for edge in (fresh[:, :5], fresh[:, -5:], fresh[:, :, :8], fresh[:, :, -8:]):
        edge[...] = False
    parts = regions(fresh)
    wide, high = parts.right - parts.left + 1, parts.bottom - parts.top + 1
    small = (parts.area >= 3) & (high <= 0.11 * height) & (wide <= 0.06 * height)
    small[0] = False
    number = np.bincount(parts.frame[small], minlength=len(usual)) if small.any() else np.zeros(len(usual))
    # An enlargement is not undone: fine texture looks like flakes then.
    fewest = FEWEST if moved.zoom[-1] == 1 else 3 * FEWEST
    if float(np.median(number)) < fewest:
        return "none"
    tall = float(np.mean(high[small] / wide[small]))
    return "rain" if tall > 1.7 else "snow"
