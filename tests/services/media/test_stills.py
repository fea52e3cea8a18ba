from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from services.media.encode import PictureWriter
from services.media.stills import spritesheet, thumbnail

FilmMaker = Callable[..., Path]
PRECISE = Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP


def picture_of(data: bytes, path: Path) -> NDArray[np.uint8]:
    path.write_bytes(data)
    with av.open(path) as container:
        frame = next(container.decode(video=0))
        return frame.reformat(format="rgb24", interpolation=PRECISE).to_ndarray().astype(np.uint8)


def level_of(number: int) -> float:
    """RGB grey of frame ``number`` of the film fixture."""
    return (20 + 2 * (number % 100) - 16) * 255 / 219


@pytest.mark.parametrize(("seconds", "fps"), [(1, 16), (4, 24)])
def test_thumbnail_is_a_webp_of_a_third_of_the_film(
    film: FilmMaker, tmp_path: Path, seconds: int, fps: int
) -> None:
    data = thumbnail(film(seconds, fps))
    assert data[:4] == b"RIFF"
    assert data[8:12] == b"WEBP"
    pixels = picture_of(data, tmp_path / "still.webp")
    assert pixels.shape == (72, 128, 3)
    assert pixels.mean() == pytest.approx(level_of(seconds * fps // 3), abs=2)


@pytest.mark.parametrize(
    ("size", "shape"),
    [((1920, 1080), (360, 640, 3)), ((1080, 1920), (1138, 640, 3)), ((98, 98), (98, 98, 3))],
)
def test_thumbnail_is_at_most_640_wide(
    film: FilmMaker, tmp_path: Path, size: tuple[int, int], shape: tuple[int, ...]
) -> None:
    assert picture_of(thumbnail(film(1, 16, size=size)), tmp_path / "still.webp").shape == shape


def test_spritesheet_shows_evenly_spread_frames_in_order(film: FilmMaker, tmp_path: Path) -> None:
    data = spritesheet(film(4, 24))
    assert data[:3] == b"\xff\xd8\xff"
    sheet = picture_of(data, tmp_path / "sheet.jpg")
    assert sheet.shape == (4 * 72, 5 * 128, 3)
    tiles = sheet.reshape(4, 72, 5, 128, 3).mean((1, 3, 4)).ravel()
    assert tiles == pytest.approx([level_of((2 * part + 1) * 96 // 40) for part in range(20)], abs=2)


@pytest.mark.parametrize(
    ("size", "shape"), [((640, 360), (136 * 4, 240 * 5, 3)), ((360, 640), (240 * 4, 136 * 5, 3))]
)
def test_tiles_are_at_most_240_a_side(
    film: FilmMaker, tmp_path: Path, size: tuple[int, int], shape: tuple[int, ...]
) -> None:
    assert picture_of(spritesheet(film(2, 16, size=size)), tmp_path / "sheet.jpg").shape == shape


def test_a_film_of_few_frames_shows_them_all(tmp_path: Path) -> None:
    with PictureWriter(tmp_path / "film.mp4", 64, 64, 16) as writer:
        for luma in (40, 90, 140, 190, 220, 235, 16):
            writer.write(
                np.concatenate([np.full((1, 64, 64), luma), np.full((1, 32, 64), 128)], 1).astype(np.uint8)
            )
    sheet = picture_of(spritesheet(tmp_path / "film.mp4"), tmp_path / "sheet.jpg")
    tiles = sheet.reshape(2, 64, 5, 64, 3).mean((1, 3, 4)).ravel()
    expected = [(luma - 16) * 255 / 219 for luma in (40, 90, 140, 190, 220, 235, 16)] + [0, 0, 0]
    assert tiles == pytest.approx(expected, abs=2)


def test_colours_are_those_of_the_film(tmp_path: Path) -> None:
    with PictureWriter(tmp_path / "film.mp4", 256, 144, 16) as writer:
        red = np.empty((30, 216, 256), np.uint8)
        # BT.709 limited range of RGB 200 30 30
        red[:, :144], red[:, 144:180], red[:, 180:] = 73, 109, 222 - 33
        writer.write(red)
    expected = np.array([red_of(73, 109, 189), green_of(73, 109, 189), blue_of(73, 109)])
    for data, name in (
        (thumbnail(tmp_path / "film.mp4"), "a.webp"),
        (spritesheet(tmp_path / "film.mp4"), "b.jpg"),
    ):
        assert np.abs(picture_of(data, tmp_path / name)[40, 40] - expected).max() < 4


def red_of(y: int, cb: int, cr: int) -> float:
    return 255 / 219 * (y - 16) + 1.5748 * 255 / 224 * (cr - 128) + 0 * cb


def green_of(y: int, cb: int, cr: int) -> float:
    return 255 / 219 * (y - 16) - 255 / 224 * (0.18732 * (cb - 128) + 0.46812 * (cr - 128))


def blue_of(y: int, cb: int) -> float:
    return 255 / 219 * (y - 16) + 1.8556 * 255 / 224 * (cb - 128)


def test_same_film_gives_same_stills(film: FilmMaker) -> None:
    path = film(1, 24)
    assert thumbnail(path) == thumbnail(path)
    assert spritesheet(path) == spritesheet(path)
