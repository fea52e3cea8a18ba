"""Pictures for people: what a sound looks like, and where a network says that things are."""

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from training.recipes.feed import Array

WINDOW, HOP, BINS = 1024, 480, 96
LOUDEST_DB, QUIETEST_DB = 40.0, -50.0
GAP = 4


def spectrogram(waveform: Tensor) -> Array:
    """A picture uint8 [BINS,W,3] of a waveform [S]: high tones above, 100 columns a second, loud bright."""
    shape = torch.hann_window(WINDOW, device=waveform.device)
    bins = torch.stft(waveform.float(), WINDOW, HOP, window=shape, return_complex=True).abs()
    # Rows as far apart as tones are heard to be.
    edges = np.geomspace(2, len(bins), BINS + 1).astype(int)
    rows = [bins[low : max(high, low + 1)].mean(0) for low, high in pairwise(edges)]
    level = 20 * torch.log10(torch.stack(rows).flip(0) + 1e-6)
    bright = ((level - QUIETEST_DB) / (LOUDEST_DB - QUIETEST_DB)).clamp(0, 1).cpu().numpy()
    # Black, violet, orange, white.
    colours = np.stack([np.interp(bright, (0, 0.4, 0.8, 1), tones) for tones in COLOURS], axis=-1)
    picture: Array = colours.round().astype(np.uint8)
    return picture


COLOURS = ((0, 110, 250, 255), (0, 20, 150, 255), (0, 120, 30, 240))


def stacked(pictures: list[Array]) -> Array:
    """Pictures [H,W,3] below each other, cut to the narrowest, with white between them."""
    width = min(picture.shape[1] for picture in pictures)
    gap = np.full((GAP, width, 3), 255, np.uint8)
    parts = [part for picture in pictures for part in (picture[:, :width], gap)]
    whole: Array = np.concatenate(parts[:-1])
    return whole


def marked(frame: Array, place: tuple[float, float], colour: tuple[int, int, int]) -> None:
    """Put a cross on a frame uint8 [H,W,3] at a place (x, y): 0..1 from the left, and from above."""
    height, width = frame.shape[:2]
    column, row = (
        int(np.clip(at * size, 0, size - 1)) for at, size in zip(place, (width, height), strict=True)
    )
    frame[max(0, row - 4) : row + 5, column] = colour
    frame[row, max(0, column - 4) : column + 5] = colour
