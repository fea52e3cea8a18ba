"""Small pictures and films, made where they are needed."""

import struct
import zlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from services.media.encode import PictureWriter
from services.media.mux import mux
from services.media.sound import write_sound

Pixels = NDArray[np.uint8]
PictureMaker = Callable[..., bytes]
FilmMaker = Callable[..., Path]


def yuv_frames(frames: int, width: int, height: int) -> Iterator[Pixels]:
    """Grey frames whose luma is 20 + 2 x number, with some grain so that they cost bits: chunks of 1 to 3."""
    rng = np.random.default_rng(7)
    done = 0
    while done < frames:
        count = min(1 + done % 3, frames - done)
        chunk = np.full((count, height * 3 // 2, width), 128, np.uint8)
        for place in range(count):
            level = 20 + 2 * ((done + place) % 100)
            chunk[place, :height] = level + rng.integers(-2, 3, (height, width))
        done += count
        yield chunk


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> FilmMaker:
    """``film(seconds, fps, size=(width, height), sound=array or None)``: a finished MP4."""

    def make(
        seconds: int, fps: int, size: tuple[int, int] = (128, 72), sound: NDArray[np.float32] | None = None
    ) -> Path:
        folder = tmp_path_factory.mktemp("film")
        with PictureWriter(folder / "picture.mp4", *size, fps) as writer:
            for chunk in yuv_frames(seconds * fps, *size):
                writer.write(chunk)
        if sound is not None:
            write_sound(sound, folder / "sound.m4a", 48_000, seconds)
        mux(
            [folder / "picture.mp4"], folder / "sound.m4a" if sound is not None else None, folder / "film.mp4"
        )
        return folder / "film.mp4"

    return make


@pytest.fixture(scope="session")
def picture() -> PictureMaker:
    """``picture(encoder, pixel_format, rgb array or None, **options)``: bytes of one encoded picture."""

    def make(encoder: str, pixel_format: str, rgb: Pixels | None = None, **options: str) -> bytes:
        if rgb is None:
            y, x = np.mgrid[0:48, 0:64]
            rgb = np.stack([x * 4, y * 5, x * y % 256], -1).astype(np.uint8)
        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format=pixel_format)
        context = av.CodecContext.create(encoder, "w")
        assert isinstance(context, av.VideoCodecContext)
        context.width, context.height, context.pix_fmt = frame.width, frame.height, pixel_format
        context.time_base, context.options = Fraction(1), options
        return b"".join(bytes(packet) for packet in (*context.encode(frame), *context.encode(None)))

    return make


@pytest.fixture(scope="session")
def blank_png() -> Callable[[int, int, int, int], bytes]:
    """``blank_png(width, height, bits, colour_type)``: a correct PNG whose samples are all 0, well packed."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def make(width: int, height: int, bits: int, colour_type: int) -> bytes:
        row = bytes(1 + width * bits // 8 * {0: 1, 2: 3, 6: 4}[colour_type])
        packer = zlib.compressobj(1)
        rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0))
        return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows) + chunk(b"IEND", b"")

    return make
