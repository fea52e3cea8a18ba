import numpy as np
import pytest

from services.sampling.resample import resample


@pytest.mark.parametrize(("fps", "seconds"), [(16, 4), (24, 3), (16, 1)])
def test_a_ramp_in_time_stays_that_ramp(fps: int, seconds: int) -> None:
    frames = (np.arange(fps * seconds, dtype=np.float32)[:, None] + 0.5) / fps
    latents = resample(frames, 25 * seconds, fps / 25)
    expected = (np.arange(25 * seconds) + 0.5) / 25
    inner = (expected > frames[0]) & (expected < frames[-1])
    assert latents[inner, 0] == pytest.approx(expected[inner], abs=1e-5)
    assert latents[0] == pytest.approx(frames[0])
    assert latents[-1] == pytest.approx(frames[-1])
    assert latents.dtype == np.float32


def test_equal_rates_change_nothing() -> None:
    frames = np.random.default_rng(0).standard_normal((7, 3), dtype=np.float32)
    assert (resample(frames, 7, 1.0) == frames).all()


def test_one_frame_is_everywhere() -> None:
    assert resample(np.full((1, 2), 5, np.float32), 3, 0.64).tolist() == [[5, 5]] * 3


def test_no_frames_are_refused() -> None:
    with pytest.raises(ValueError, match="no features"):
        resample(np.empty((0, 4), np.float32), 3, 0.64)
