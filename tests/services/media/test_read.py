from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from services.contract.errors import InputError
from services.media.read import read_image, squash

Pixels = NDArray[np.uint8]
PictureMaker = Callable[..., bytes]
BlankMaker = Callable[[int, int, int, int], bytes]


def quarters(width: int, height: int) -> Pixels:
    """Red, green, blue and white quarters, clockwise from the upper left."""
    pixels = np.zeros((height, width, 3), np.uint8)
    top, left = slice(height // 2), slice(width // 2)
    pixels[top, left] = 220, 20, 20
    pixels[top, width // 2 :] = 20, 220, 20
    pixels[height // 2 :, width // 2 :] = 20, 20, 220
    pixels[height // 2 :, left] = 240, 240, 240
    return pixels


def corners(pixels: Pixels) -> list[str]:
    """Names of the colours near the corners, clockwise from the upper left."""
    names = {(True, False, False): "red", (False, True, False): "green", (False, False, True): "blue"}
    height, width = pixels.shape[:2]
    y, x = height // 8, width // 8
    found = [pixels[y, x], pixels[y, -x - 1], pixels[-y - 1, -x - 1], pixels[-y - 1, x]]
    return [names.get((bool(r > 128), bool(g > 128), bool(b > 128)), "white") for r, g, b in found]


@pytest.mark.parametrize(
    ("encoder", "pixel_format", "options"),
    [
        ("png", "rgb24", {}),
        ("mjpeg", "yuvj420p", {"flags": "+qscale", "global_quality": "118"}),
        ("libwebp", "yuv420p", {"quality": "95"}),
        ("libwebp", "bgra", {"lossless": "1"}),
    ],
)
def test_colours_come_through(
    picture: PictureMaker, encoder: str, pixel_format: str, options: dict[str, str]
) -> None:
    source = quarters(128, 96)
    read = read_image(picture(encoder, pixel_format, source, **options), 128, 96)
    assert read.dtype == np.uint8
    assert read.flags.c_contiguous
    middle = (slice(8, 40), slice(8, 56))
    assert np.abs(read[middle].astype(int) - source[middle]).max() <= 5


@pytest.mark.parametrize("size", [(256, 144), (144, 256), (192, 192), (224, 128)])
@pytest.mark.parametrize("source", [(400, 300), (301, 403), (64, 48), (1, 600), (600, 1)])
def test_any_aspect_fills_the_size(
    picture: PictureMaker, size: tuple[int, int], source: tuple[int, int]
) -> None:
    data = picture("png", "rgb24", np.full((source[1], source[0], 3), (10, 120, 230), np.uint8))
    read = read_image(data, *size)
    assert read.shape == (size[1], size[0], 3)
    assert np.abs(read.astype(int) - (10, 120, 230)).max() <= 1


def test_the_centre_is_kept(picture: PictureMaker) -> None:
    wide = np.zeros((100, 400, 3), np.uint8)
    wide[:, 150:250] = 255
    assert read_image(picture("png", "rgb24", wide), 50, 50).min() == 255
    tall = np.ascontiguousarray(wide.transpose(1, 0, 2))
    assert read_image(picture("png", "rgb24", tall), 50, 50).min() == 255


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        (1, ["red", "green", "blue", "white"]),
        (2, ["green", "red", "white", "blue"]),
        (3, ["blue", "white", "red", "green"]),
        (4, ["white", "blue", "green", "red"]),
        (5, ["red", "white", "blue", "green"]),
        (6, ["white", "red", "green", "blue"]),
        (7, ["blue", "green", "red", "white"]),
        (8, ["green", "blue", "white", "red"]),
    ],
)
def test_the_picture_stands_upright(picture: PictureMaker, turn: int, expected: list[str]) -> None:
    """As the Exif standard draws its eight cases."""
    jpeg = picture("mjpeg", "yuvj420p", quarters(128, 96))
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + bytes([0, turn]) + bytes(6)
    read = read_image(jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:], 96, 96)
    assert corners(read) == expected


def test_what_is_transparent_lies_on_white(picture: PictureMaker, blank_png: BlankMaker) -> None:
    assert read_image(blank_png(16, 16, 8, 6), 16, 16).min() == 255
    opaque = picture("png", "rgba", quarters(64, 64))
    assert corners(read_image(opaque, 64, 64)) == ["red", "green", "blue", "white"]


def test_a_path_reads_as_its_bytes_do(picture: PictureMaker, tmp_path: Path) -> None:
    data = picture("png", "rgb24")
    (tmp_path / "picture").write_bytes(data)
    assert (read_image(tmp_path / "picture", 32, 32) == read_image(data, 32, 32)).all()


def test_what_is_no_picture_is_an_input_error(picture: PictureMaker) -> None:
    png = picture("png", "rgb24")
    for data in (b"", b"GIF89a" + bytes(50), b"text" * 20, png[:-30], png[:40]):
        with pytest.raises(InputError):
            read_image(data, 32, 32)
    with pytest.raises(InputError, match="pixels"):
        read_image(png, 32, 32, max_pixels=64 * 48 - 1)


def test_squash_averages_areas_and_spans_minus_one_to_one() -> None:
    frames = np.zeros((3, 144, 256, 3), np.uint8)
    frames[0] = 255
    frames[1, :, 128:] = 255
    frames[2, :72, :, 1] = 255
    squashed = squash(frames, 96)
    assert squashed.shape == (3, 3, 96, 96)
    assert squashed.dtype == np.float32
    assert (squashed[0] == 1).all()
    assert (squashed[1, :, :, :47] == -1).all()
    assert (squashed[1, :, :, 49:] == 1).all()
    assert (squashed[2, 1, :47] == 1).all()
    assert (squashed[2, 0] == -1).all()


def test_squash_is_close_to_the_mean_of_each_cell() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (2, 192, 192, 3), np.uint8)
    expected = frames.reshape(2, 96, 2, 96, 2, 3).mean((2, 4)).transpose(0, 3, 1, 2) / 127.5 - 1
    assert np.abs(squash(frames, 96) - expected).max() < 0.02


def test_squash_of_nothing_is_nothing() -> None:
    assert squash(np.empty((0, 144, 256, 3), np.uint8), 96).shape == (0, 3, 96, 96)
