"""Thumbnail and sprite sheet, taken from the finished film."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

THUMBNAIL_PX = 640
TILE_PX = 240
COLUMNS, ROWS = 5, 4

# without the whole-chroma path swscale's conversions each darken by up to two levels
_AREA = (
    Interpolation.AREA
    | Interpolation.ACCURATE_RND
    | Interpolation.BITEXACT
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
)


def thumbnail(path: Path) -> bytes:
    """A frame near a third of the film as WebP, at most 640 pixels wide."""
    with av.open(path) as film:
        video = film.streams.video[0]
        wanted = video.frames // 3
        assert video.duration is not None
        film.seek(video.duration * wanted // video.frames, stream=video)
        target = video.duration * wanted // video.frames
        frame = next(frame for frame in _frames(film) if frame.pts is not None and frame.pts >= target)
        width = min(THUMBNAIL_PX, frame.width)
        rgb = _rgb(frame, width, _even(frame.height * width / frame.width), VideoReformatter())
    return _encode("libwebp", rgb, ColorRange.MPEG, {"quality": "82", "compression_level": "4"})


def spritesheet(path: Path) -> bytes:
    """Evenly spread frames, row by row, as one JPEG: up to 5 x 4 tiles of at most 240 pixels a side.

    One pass over the film; at any time one tile and the sheet are held.
    """
    with av.open(path) as film:
        video = film.streams.video[0]
        width, height = video.codec_context.width, video.codec_context.height
        scale = min(1.0, TILE_PX / max(width, height))
        tile_width, tile_height = _even(width * scale), _even(height * scale)
        wanted = _spread(video.frames, COLUMNS * ROWS)
        columns = min(COLUMNS, len(wanted))
        rows = -(-len(wanted) // columns)
        sheet = np.zeros((rows * tile_height, columns * tile_width, 3), np.uint8)
        scaler = VideoReformatter()
        for place, frame in enumerate(_picked(film, wanted)):
            row, column = divmod(place, columns)
            top, left = row * tile_height, column * tile_width
            tile = _rgb(frame, tile_width, tile_height, scaler)
            sheet[top : top + tile_height, left : left + tile_width] = tile
    return _encode("mjpeg", sheet, ColorRange.JPEG, {"flags": "+qscale+bitexact", "global_quality": "472"})


def _frames(film: InputContainer) -> Iterator[VideoFrame]:
    video = film.streams.video[0]
    video.codec_context.thread_count = 2  # each further thread holds a few more frames
    return film.decode(video)


def _picked(film: InputContainer, wanted: Sequence[int]) -> Iterator[VideoFrame]:
    chosen = set(wanted)
    for index, frame in enumerate(_frames(film)):
        if index in chosen:
            yield frame
        if index == wanted[-1]:
            return


def _spread(frames: int, most: int) -> list[int]:
    """Middles of ``most`` equal parts of the film, or every frame of a shorter one."""
    count = min(frames, most)
    return [(2 * part + 1) * frames // (2 * count) for part in range(count)]


def _rgb(frame: VideoFrame, width: int, height: int, scaler: VideoReformatter) -> NDArray[np.uint8]:
    small = scaler.reformat(frame, width, height, "rgb24", interpolation=_AREA)
    return small.to_ndarray().astype(np.uint8, copy=False)


def _even(length: float) -> int:
    return max(2, 2 * round(length / 2))


def _encode(codec: str, rgb: NDArray[np.uint8], color_range: ColorRange, options: dict[str, str]) -> bytes:
    """One still. Both WebP and JFIF are BT.601 by definition, of different ranges."""
    frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU601, dst_color_range=color_range, interpolation=_AREA
    )
    encoder = av.CodecContext.create(codec, "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "yuv420p"
    encoder.color_range = color_range
    encoder.options = options
    frame.pts = 0
    return b"".join(bytes(packet) for packet in (*encoder.encode(frame), *encoder.encode(None)))
