from collections.abc import Mapping

import numpy as np
import pytest

from services.contract import tensors
from services.contract.errors import GenerationError
from services.sampling.arrays import Array, Bytes, Floats
from services.sampling.color import pack, planes
from services.sampling.decode import decode_tile, upsample

H, W = 16, 24


def decoder(inputs: Mapping[str, Array]) -> Floats:
    """Each latent's first three channels, eight times in each direction."""
    latents = inputs[tensors.LATENTS]
    return latents[:, :3].repeat(8, axis=2).repeat(8, axis=3).repeat(8, axis=4).astype(np.float32)


def latents(count: int) -> Floats:
    return np.random.default_rng(0).uniform(-1, 1, (16, count, H // 8, W // 8)).astype(np.float32)


def decode(film: Floats) -> list[Bytes]:
    made: list[Bytes] = []
    tail, tile = None, 0
    while tail is None or len(tail):
        frames, tail = decode_tile(decoder, film, tile, tail)
        made.append(frames)
        tile += 1
    return made


@pytest.mark.parametrize(("count", "lengths"), [(1, [8]), (4, [32]), (5, [16, 24]), (8, [16, 16, 32])])
def test_tiles_give_all_frames_once(count: int, lengths: list[int]) -> None:
    made = decode(latents(count))
    assert [len(frames) for frames in made] == lengths
    film = np.concatenate(made)
    assert film.shape == (8 * count, H, W, 3)
    # This decoder looks at one latent at a time, so that tiles make no difference.
    whole = decoder({tensors.LATENTS: latents(count)[None]})[0].transpose(1, 2, 3, 0)
    assert abs(film / 127.5 - 1 - whole).max() <= 0.5001 / 127.5


@pytest.mark.parametrize(("tile", "tail"), [(2, None), (-1, None), (0, 16), (1, None), (1, 8)])
def test_tiles_that_do_not_fit_are_refused(tile: int, tail: int | None) -> None:
    frames = None if tail is None else np.zeros((tail, H, W, 3), np.uint8)
    with pytest.raises(GenerationError):
        decode_tile(decoder, latents(6), tile, frames)


def test_a_picture_that_is_not_finite_is_refused() -> None:
    film = latents(2)
    film[0, 1, 0, 0] = np.nan
    with pytest.raises(GenerationError, match="tile 0 is not finite"):
        decode_tile(decoder, film, 0, None)


def test_frames_of_the_wanted_size_need_no_network() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (2, H, W, 3), dtype=np.uint8)

    def upsampler(_: object) -> tuple[Floats, Floats]:
        raise AssertionError

    assert (upsample(upsampler, frames, H, W) == pack(*planes(frames))).all()


def test_other_sizes_are_the_networks() -> None:
    frames = np.full((2, H, W, 3), 255, np.uint8)

    def upsampler(inputs: Mapping[str, Array]) -> tuple[Floats, Floats]:
        assert inputs[tensors.SIZE].tolist() == [2 * H, 2 * W]
        assert (inputs[tensors.FRAMES] == np.ones((2, 3, H, W))).all()
        return np.full((2, 1, 2 * H, 2 * W), 235 / 255, np.float32), np.full(
            (2, 2, H, W), 128 / 255, np.float32
        )

    yuv = upsample(upsampler, frames, 2 * H, 2 * W)
    assert yuv.shape == (2, 3 * H, 2 * W)
    assert (yuv[:, : 2 * H] == 235).all()
    assert (yuv[:, 2 * H :] == 128).all()
