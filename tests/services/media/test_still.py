from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from services.contract.errors import InputError
from services.media.headers import Header, read_header
from services.media.still import decode_still

PictureMaker = Callable[..., bytes]


@pytest.mark.parametrize(
    ("mime", "encoder", "pixel_format"),
    [
        ("image/png", "png", "rgb24"),
        ("image/png", "png", "gray16be"),
        ("image/png", "png", "rgba"),
        ("image/jpeg", "mjpeg", "yuvj444p"),
        ("image/webp", "libwebp", "yuv420p"),
    ],
)
def test_the_formats_that_are_taken_decode(
    picture: PictureMaker, mime: str, encoder: str, pixel_format: str
) -> None:
    data = picture(encoder, pixel_format)
    frame = decode_still(mime, data, read_header(mime, data), 64 * 48)
    assert (frame.width, frame.height, frame.format.name) == (64, 48, pixel_format)


def test_the_decoder_counts_pixels_itself(picture: PictureMaker) -> None:
    data = picture("png", "rgb24")
    with pytest.raises(InputError, match="cannot be decoded"):
        decode_still("image/png", data, Header(1, 1, len(data)), 64 * 48 - 1)


@pytest.mark.parametrize(("mime", "encoder", "pixel_format"), [("image/png", "png", "rgb24")])
def test_a_flipped_bit_is_noticed(picture: PictureMaker, mime: str, encoder: str, pixel_format: str) -> None:
    data = picture(encoder, pixel_format)
    header = read_header(mime, data)
    for place in np.random.default_rng(0).integers(33, len(data) - 12, 50):
        broken = bytearray(data)
        broken[place] ^= 4
        with pytest.raises(InputError):
            decode_still(mime, bytes(broken), header, 10_000)


@pytest.mark.parametrize(
    ("mime", "encoder", "pixel_format"), [("image/webp", "libwebp", "yuv420p"), ("image/png", "png", "rgb24")]
)
def test_a_picture_that_breaks_off_is_refused(
    picture: PictureMaker, mime: str, encoder: str, pixel_format: str
) -> None:
    data = picture(encoder, pixel_format)
    header = read_header(mime, data)
    for share in (0.3, 0.6, 0.9):
        with pytest.raises(InputError):
            decode_still(mime, data, replace(header, end=int(len(data) * share)), 10_000)
