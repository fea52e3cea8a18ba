from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from services.contract.errors import GenerationError
from services.media.sound import write_sound

RATE = 48_000


def clicks(*times_s: float, duration_s: float) -> NDArray[np.float32]:
    wave = np.zeros(round(duration_s * RATE), np.float32)
    for time_s in times_s:
        start = round(time_s * RATE)
        tone = 0.8 * np.sin(np.arange(480) * 0.4) * np.exp(-np.arange(480) / 100)
        wave[start : start + 480] += tone[: len(wave) - start].astype(np.float32)
    return wave


def heard(path: Path) -> tuple[float, NDArray[np.float32]]:
    """Time of the first sample, and the samples, as a player would play them."""
    with av.open(path) as container:
        frames = list(container.decode(audio=0))
    first = frames[0]
    assert first.pts is not None
    assert first.time_base is not None
    return float(first.pts * first.time_base), np.concatenate([frame.to_ndarray()[0] for frame in frames])


@pytest.mark.parametrize("duration_s", [1.0, 4.0, 5.0, 33 / 24])
def test_sound_keeps_its_place_and_fills_the_duration(tmp_path: Path, duration_s: float) -> None:
    source = clicks(0.25, 0.9, duration_s=duration_s)
    write_sound(source, tmp_path / "sound.m4a", RATE, duration_s)
    start_s, wave = heard(tmp_path / "sound.m4a")
    assert start_s == 0
    assert 0 <= len(wave) - duration_s * RATE < 1024
    lag = np.argmax(np.correlate(wave[: len(source)], source[:45_000], "valid")) if len(wave) > 45_000 else 0
    assert lag == 0
    for time_s in (0.25, 0.9):
        near = wave[round(time_s * RATE) - 4 :][:200]
        assert np.argmax(np.abs(near)) == pytest.approx(
            np.argmax(np.abs(clicks(0, duration_s=1)[:200])) + 4, abs=2
        )
    with av.open(tmp_path / "sound.m4a") as container:
        stream = container.streams.audio[0]
        assert (stream.codec_context.name, stream.codec_context.profile) == ("aac", "LC")
        assert (stream.codec_context.sample_rate, stream.codec_context.channels) == (RATE, 1)
        assert stream.duration == round(duration_s * RATE)


def test_a_short_waveform_is_followed_by_silence(tmp_path: Path) -> None:
    write_sound(clicks(0.2, duration_s=0.5), tmp_path / "sound.m4a", RATE, 2.0)
    _, wave = heard(tmp_path / "sound.m4a")
    assert len(wave) >= 2 * RATE
    assert np.abs(wave[: RATE // 2]).max() > 0.3
    assert np.abs(wave[RATE:]).max() < 1e-3


def test_a_long_waveform_is_cut(tmp_path: Path) -> None:
    write_sound(clicks(0.2, 1.5, duration_s=2), tmp_path / "sound.m4a", RATE, 1.0)
    _, wave = heard(tmp_path / "sound.m4a")
    assert 0 <= len(wave) - RATE < 1024


def test_loud_samples_are_clipped_to_full_scale(tmp_path: Path) -> None:
    loud = 3 * np.sin(np.arange(RATE, dtype=np.float32) * 0.05)
    for name, wave in (("loud", loud), ("clipped", np.clip(loud, -1, 1))):
        write_sound(wave, tmp_path / name, RATE, 1.0)
    assert (tmp_path / "loud").read_bytes() == (tmp_path / "clipped").read_bytes()


def test_same_waveform_gives_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_sound(clicks(0.3, duration_s=1), tmp_path / name, RATE, 1.0)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    "wave",
    [
        np.full(100, np.nan, np.float32),
        np.full(100, np.inf, np.float32),
        np.zeros((1, 100), np.float32),
        np.zeros(100, np.float64),
    ],
)
def test_what_is_no_sound_is_refused(tmp_path: Path, wave: NDArray[np.float32]) -> None:
    with pytest.raises(GenerationError):
        write_sound(wave, tmp_path / "sound.m4a", RATE, 1.0)
    assert not (tmp_path / "sound.m4a").exists()


@pytest.mark.parametrize("duration_s", [0.0, -1.0])
def test_no_duration_is_refused(tmp_path: Path, duration_s: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        write_sound(np.zeros(10, np.float32), tmp_path / "sound.m4a", RATE, duration_s)
