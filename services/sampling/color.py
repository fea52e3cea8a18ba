"""Frames between the networks' floats, bytes, and the planes of video."""

import numpy as np

from services.sampling.arrays import Bytes, Floats

# ITU-R BT.709, item 3: luma and colour differences of R, G, B.
_BT709 = np.array(
    [
        [0.2126, 0.7152, 0.0722],
        [-0.2126 / 1.8556, -0.7152 / 1.8556, 0.9278 / 1.8556],
        [0.7874 / 1.5748, -0.7152 / 1.5748, -0.0722 / 1.5748],
    ],
    dtype=np.float32,
)


def to_frames(video: Floats) -> Bytes:
    """Bytes [n,h,w,3] of a network's video [3,n,h,w] in [-1, 1]; what lies beyond is clamped."""
    scaled = video.transpose(1, 2, 3, 0) * np.float32(127.5) + np.float32(127.5)
    frames: Bytes = np.rint(scaled.clip(0, 255)).astype(np.uint8)
    return frames


def to_floats(frames: Bytes) -> Floats:
    """A network's frames [n,3,h,w] in [-1, 1] of bytes [n,h,w,3]."""
    scaled = frames.transpose(0, 3, 1, 2).astype(np.float32)
    scaled /= np.float32(127.5)
    scaled -= 1
    return np.ascontiguousarray(scaled)


def planes(frames: Bytes) -> tuple[Floats, Floats]:
    """Luma [n,1,h,w] and chroma [n,2,h/2,w/2] of RGB bytes [n,h,w,3], as 8-bit codes / 255.

    BT.709 in limited range; chroma is the mean of 2x2 pixels. Raises ValueError if height or width is odd.
    """
    count, height, width, _ = frames.shape
    if height % 2 or width % 2:
        raise ValueError(f"frames of {width}x{height} have no 4:2:0 planes")
    rgb = frames.astype(np.float32)
    luma = rgb @ _BT709[0] * np.float32(219 / 255) + 16
    mean = rgb.reshape(count, height // 2, 2, width // 2, 2, 3).mean(axis=(2, 4))
    chroma = mean @ _BT709[1:].T * np.float32(224 / 255) + 128
    return luma[:, None] / 255, np.ascontiguousarray(chroma.transpose(0, 3, 1, 2)) / 255


def pack(luma: Floats, chroma: Floats) -> Bytes:
    """Planar 4:2:0 bytes [n,H*3/2,W] (all of Y, then U, then V) of planes as ``planes`` gives them."""
    count, _, height, width = luma.shape
    packed = np.empty((count, height * width * 3 // 2), dtype=np.uint8)
    packed[:, : height * width] = _codes(luma).reshape(count, -1)
    packed[:, height * width :] = _codes(chroma).reshape(count, -1)
    return packed.reshape(count, height * 3 // 2, width)


def _codes(plane: Floats) -> Bytes:
    # Half a code is added and cut off: on large planes twice as fast as rounding to even.
    scaled = plane * np.float32(255)
    scaled += np.float32(0.5)
    return scaled.astype(np.uint8)
