"""Temporal tiles of the decoder (paper, section 3.1.1): 4 latents each, 2 of them shared with the next.

Frames [n,h,w,3] u8. The frames that two tiles share fade from the older tile to the newer.
"""

import numpy as np

from services.sampling.arrays import Bytes

TILE = 4
OVERLAP = 2
FRAMES_PER_LATENT = 8


def tiles(latents: int) -> list[tuple[int, int]]:
    """Start and stop of each tile of a film of ``latents`` latent frames; the last may be shorter.

    Raises ValueError if there are none.
    """
    if latents < 1:
        raise ValueError("a film has at least one latent frame")
    last = max(0, latents - OVERLAP - 1)
    return [(start, min(start + TILE, latents)) for start in range(0, last + 1, TILE - OVERLAP)]


def blend(tail: Bytes, head: Bytes) -> Bytes:
    """The frames that two tiles share: ``tail`` of the older fades out while ``head`` of the newer fades in.

    Raises ValueError if their shapes differ.
    """
    if tail.shape != head.shape:
        raise ValueError(f"tail {tail.shape} and head {head.shape} are not of one shape")
    share = np.arange(1, len(tail) + 1, dtype=np.float32)[:, None, None, None] / (len(tail) + 1)
    mixed = tail + share * (head.astype(np.float32) - tail)
    blended: Bytes = np.rint(mixed).astype(np.uint8)
    return blended


def join(tail: Bytes, frames: Bytes, *, last: bool) -> tuple[Bytes, Bytes]:
    """Finished frames and the new tail, of the older tile's ``tail`` and a tile's ``frames``.

    The tail is what the next tile also has: empty before the first and after the ``last``.
    Raises ValueError if ``tail`` and ``frames`` do not fit.
    """
    shared = len(tail)
    if shared not in (0, OVERLAP * FRAMES_PER_LATENT):
        raise ValueError(f"a tail has {OVERLAP * FRAMES_PER_LATENT} frames, not {shared}")
    finished = np.concatenate([blend(tail, frames[:shared]), frames[shared:]]) if shared else frames
    keep = len(finished) if last else len(finished) - OVERLAP * FRAMES_PER_LATENT
    return finished[:keep], finished[keep:]
