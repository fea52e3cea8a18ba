"""From latents to frames of the base size by temporal tiles, and from these to video of the wanted size."""

from collections.abc import Callable, Mapping

import numpy as np

from services.contract import tensors
from services.contract.errors import GenerationError
from services.sampling.arrays import Array, Bytes, Floats, Network
from services.sampling.color import pack, planes, to_floats, to_frames
from services.sampling.tiling import join, tiles

Upsampler = Callable[[Mapping[str, Array]], tuple[Floats, Floats]]
"""Runs the upsampler and gives luma and chroma."""


def decode_tile(decoder: Network, latents: Floats, tile: int, tail: Bytes | None) -> tuple[Bytes, Bytes]:
    """Frames [n,h,w,3] that tile number ``tile`` finishes, and the new tail.

    ``latents`` [C,T,h,w] are the whole film's, ``tail`` what the tile before left (None at tile 0); the
    last tile leaves an empty one. Raises GenerationError where these do not fit each other or the decoder's
    answer is not finite.
    """
    spans = tiles(latents.shape[1])
    if not 0 <= tile < len(spans):
        raise GenerationError(f"tile {tile} is not one of {len(spans)}")
    start, stop = spans[tile]
    video = decoder({tensors.LATENTS: latents[None, :, start:stop]})[0]
    if not np.isfinite(video).all():
        raise GenerationError(f"the picture of tile {tile} is not finite")
    frames = to_frames(video)
    if (tail is None) != (tile == 0):
        raise GenerationError("every tile but the first goes with the tail of the one before")
    try:
        return join(frames[:0] if tail is None else tail, frames, last=tile == len(spans) - 1)
    except ValueError as error:
        raise GenerationError(str(error)) from error


def upsample(upsampler: Upsampler, frames: Bytes, height: int, width: int) -> Bytes:
    """Planar 4:2:0 bytes [n,height*3/2,width] of RGB frames [n,h,w,3]; no network at their own size."""
    if frames.shape[1:3] == (height, width):
        return pack(*planes(frames))
    size = np.array([height, width], dtype=np.int64)
    return pack(*upsampler({tensors.FRAMES: to_floats(frames), tensors.SIZE: size}))
