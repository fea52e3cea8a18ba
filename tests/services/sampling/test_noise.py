import numpy as np
import pytest

from services.sampling.noise import Stream, noise


def test_is_standard_normal() -> None:
    sample = noise((16, 8, 18, 32), 1, Stream.PICTURE)
    assert sample.dtype == np.float32
    assert sample.mean() == pytest.approx(0, abs=0.02)
    assert sample.std() == pytest.approx(1, abs=0.02)


def test_is_the_same_on_every_machine() -> None:
    assert noise((3,), 7, Stream.PICTURE).tolist() == pytest.approx(
        [1.5219693, -1.1441058, 1.1501616], abs=1e-6
    )


def test_seeds_and_streams_are_independent() -> None:
    samples = [noise((10_000,), seed, stream) for seed in (0, 1, 2**53 - 1) for stream in Stream]
    off_diagonal = np.corrcoef(samples) - np.eye(len(samples))
    assert abs(off_diagonal).max() < 0.05
