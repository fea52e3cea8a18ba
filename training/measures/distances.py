"""How far colours are from what others look like in another light, or mixed with a third."""

import numpy as np

from training.measures.palette import Pixels


def dot(one: Pixels, two: Pixels) -> Pixels:
    """Sum over the colours; numpy's own is slow where the last axis is short."""
    total: Pixels = np.einsum("...c,...c->...", one, two)
    return total


def from_line(pixels: Pixels, usual: Pixels, low: float, high: float) -> Pixels:
    """Distance [h,w] of pixels [h,w,3] from usual [h,1,3] under light between low and high."""
    light = dot(pixels, usual) / np.maximum(dot(usual, usual), 1)
    gap = pixels - np.clip(light, low, high)[..., None] * usual
    away: Pixels = np.sqrt(dot(gap, gap))
    return away


def from_mix(pixels: Pixels, usual: Pixels, other: Pixels) -> Pixels:
    """Distance [h,w] from the mixtures of the usual colour and another."""
    way = other - usual
    part = dot(pixels - usual, way) / np.maximum(dot(way, way), 1)
    gap = pixels - usual - np.clip(part, 0, 1)[..., None] * way
    away: Pixels = np.sqrt(dot(gap, gap))
    return away
