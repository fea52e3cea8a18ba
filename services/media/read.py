"""Pictures into arrays: a client's first frame, and frames as the visual encoder looks at them."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from services.contract.errors import InputError
from services.media.headers import READERS, SNIFFED_BYTES, Header, read_header, sniff
from services.media.still import decode_still

MAX_PIXELS = 40_000_000

Pixels = NDArray[np.uint8]

_EXACT = Interpolation.ACCURATE_RND | Interpolation.BITEXACT


def read_image(source: Path | bytes, width: int, height: int, *, max_pixels: int = MAX_PIXELS) -> Pixels:
    """A PNG, JPEG or WebP as uint8 RGB [height, width, 3]: upright, cut to the aspect, then resized.

    The centre is kept; what is transparent lies on white. Raises InputError for another format, a damaged
    picture, or one of more than ``max_pixels``.
    """
    data = source.read_bytes() if isinstance(source, Path) else source
    mime = sniff(data[:SNIFFED_BYTES])
    if mime not in READERS:
        raise InputError(f"the picture is {mime or 'of an unknown format'}")
    header = read_header(mime, data)
    if header.animated or header.width * header.height > max_pixels:
        raise InputError(f"the picture is animated or has more than {max_pixels} pixels")
    frame = decode_still(mime, data, header, max_pixels)
    turned = header.orientation >= 5
    rgba = _covering(frame, *((height, width) if turned else (width, height)))
    return np.ascontiguousarray(_upright(_on_white(rgba), header))


def squash(frames: Pixels, px: int) -> NDArray[np.float32]:
    """Frames uint8 RGB [n,h,w,3] as float32 [n,3,px,px] in [-1, 1], whatever their aspect (area average)."""
    scaler, squashed = VideoReformatter(), np.empty((len(frames), px, px, 3), np.uint8)
    for place, pixels in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        small = scaler.reformat(frame, px, px, interpolation=Interpolation.AREA | _EXACT)
        squashed[place] = small.to_ndarray()
    return squashed.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(127.5) - np.float32(1)


def _covering(frame: VideoFrame, width: int, height: int) -> Pixels:
    """The largest centred part of the aspect of ``width`` x ``height``, at that size: uint8 RGBA.

    Cut first, so that a picture of any aspect is never scaled to more than what is asked for.
    """
    scale = min(frame.width / width, frame.height / height)
    cut_width, cut_height = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (frame.width - cut_width) // 2, (frame.height - cut_height) // 2
    flags = "area" if scale > 1 else "bicubic"
    graph = Graph()
    stored, tick = frame.format, Fraction(1)
    nodes = (
        graph.add_buffer(width=frame.width, height=frame.height, format=stored, time_base=tick),
        graph.add("crop", f"{cut_width}:{cut_height}:{left}:{top}:exact=1"),
        graph.add("scale", f"{width}:{height}:flags={flags}+accurate_rnd+bitexact+full_chroma_inp"),
        graph.add("format", "rgba"),
        graph.add("buffersink"),
    )
    graph.link_nodes(*nodes).configure()
    graph.vpush(frame)
    return graph.vpull().to_ndarray().astype(np.uint8, copy=False)


def _on_white(rgba: Pixels) -> Pixels:
    alpha = rgba[..., 3:].astype(np.uint16)
    return ((rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def _upright(pixels: Pixels, header: Header) -> Pixels:
    """Undo Exif orientation (2 to 4 mirrored and turned by halves, 5 to 8 also transposed)."""
    turned = pixels.swapaxes(0, 1) if header.orientation >= 5 else pixels
    flips = {2: (1, -1), 3: (-1, -1), 4: (-1, 1), 6: (1, -1), 7: (-1, -1), 8: (-1, 1)}
    down, across = flips.get(header.orientation, (1, 1))
    return turned[::down, ::across]
