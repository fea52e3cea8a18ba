import numpy as np
import pytest

from services.sampling.tiling import FRAMES_PER_LATENT, OVERLAP, blend, join, tiles


def test_the_longest_film_has_fifteen_tiles() -> None:
    assert tiles(32) == [(start, start + 4) for start in range(0, 30, 2)]


@pytest.mark.parametrize("latents", range(1, 34))
def test_tiles_cover_a_film_and_share_two_latents(latents: int) -> None:
    made = tiles(latents)
    assert made[0][0] == 0
    assert made[-1][1] == latents
    assert all(1 <= stop - start <= 4 for start, stop in made)
    assert all(stop - start == 2 for (start, _), (_, stop) in zip(made[1:], made, strict=False))


def test_a_film_without_latents_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        tiles(0)


def test_the_older_tile_fades_out_linearly() -> None:
    tail, head = np.full((16, 2, 2, 3), 17, np.uint8), np.zeros((16, 2, 2, 3), np.uint8)
    assert blend(tail, head)[:, 0, 0, 0].tolist() == list(range(16, 0, -1))


def test_blend_of_equal_frames_is_those_frames() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (16, 4, 6, 3), dtype=np.uint8)
    assert (blend(frames, frames) == frames).all()


def test_different_shapes_do_not_blend() -> None:
    with pytest.raises(ValueError, match="one shape"):
        blend(np.zeros((16, 2, 2, 3), np.uint8), np.zeros((8, 2, 2, 3), np.uint8))


@pytest.mark.parametrize("latents", [1, 3, 4, 5, 8, 9])
def test_joined_tiles_of_a_film_are_that_film(latents: int) -> None:
    film = np.random.default_rng(0).integers(0, 256, (latents * FRAMES_PER_LATENT, 2, 4, 3), dtype=np.uint8)
    tail, finished = film[:0], []
    for start, stop in tiles(latents):
        frames = film[start * FRAMES_PER_LATENT : stop * FRAMES_PER_LATENT]
        done, tail = join(tail, frames, last=stop == latents)
        assert len(tail) == (0 if stop == latents else OVERLAP * FRAMES_PER_LATENT)
        finished.append(done)
    assert (np.concatenate(finished) == film).all()
