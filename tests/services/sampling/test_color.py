import numpy as np
import pytest

from services.sampling.color import pack, planes, to_floats, to_frames

# ITU-R BT.709, limited range: RGB and its codes.
COLORS = {
    "black": ((0, 0, 0), (16, 128, 128)),
    "white": ((255, 255, 255), (235, 128, 128)),
    "red": ((255, 0, 0), (63, 102, 240)),
    "green": ((0, 255, 0), (173, 42, 26)),
    "blue": ((0, 0, 255), (32, 240, 118)),
}


def test_floats_and_bytes_are_inverse() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (2, 4, 6, 3), dtype=np.uint8)
    floats = to_floats(frames)
    assert floats.shape == (2, 3, 4, 6)
    assert floats.min() >= -1
    assert floats.max() <= 1
    assert (to_frames(floats.transpose(1, 0, 2, 3)) == frames).all()


def test_what_lies_beyond_the_range_is_clamped() -> None:
    video = np.array([-7, -1, 0.999, 1.4], np.float32).reshape(1, 1, 1, 4)
    assert to_frames(video).ravel().tolist() == [0, 0, 255, 255]


@pytest.mark.parametrize("color", COLORS)
def test_colors_have_their_standard_codes(color: str) -> None:
    rgb, (y, u, v) = COLORS[color]
    frames = np.broadcast_to(np.array(rgb, np.uint8), (1, 2, 4, 3))
    yuv = pack(*planes(frames))
    assert yuv.shape == (1, 3, 4)
    assert yuv.ravel().tolist() == [y] * 8 + [u] * 2 + [v] * 2


def test_planes_lie_one_after_the_other() -> None:
    luma = np.arange(2 * 4 * 4, dtype=np.float32).reshape(2, 1, 4, 4) / 255
    chroma = (100 + np.arange(2 * 2 * 2 * 2, dtype=np.float32)).reshape(2, 2, 2, 2) / 255
    yuv = pack(luma, chroma)
    assert yuv.shape == (2, 6, 4)
    assert yuv[1].ravel().tolist() == [*range(16, 32), *range(108, 116)]


def test_chroma_is_the_mean_of_four_pixels() -> None:
    frames = np.zeros((1, 2, 2, 3), np.uint8)
    frames[0, 0, 0] = 200
    frames[0, 1, 1, 2] = 100
    one_colour = np.broadcast_to(frames.mean(axis=(1, 2), keepdims=True), frames.shape)
    assert planes(frames)[1] == pytest.approx(planes(one_colour.astype(np.float32))[1], abs=1e-5)


def test_odd_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="3x2"):
        planes(np.zeros((1, 2, 3, 3), np.uint8))
