import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from services.contract.errors import GenerationError
from services.media.facts import measure
from services.media.sound import write_sound

FilmMaker = Callable[..., Path]
# a sine of 997 Hz at full scale in one channel reads -3.01 LUFS (ITU-R BS.1770-5, annex 1)
SINE = np.sin(2 * np.pi * 997 * np.arange(4 * 48_000) / 48_000).astype(np.float32)


@pytest.mark.parametrize("fps", [16, 24])
def test_facts_are_those_of_the_file(film: FilmMaker, fps: int) -> None:
    path = film(4, fps, size=(128, 72), sound=0.1 * SINE)
    facts = measure(path)
    assert (facts.width, facts.height, facts.frames, facts.fps) == (128, 72, 4 * fps, fps)
    assert (facts.start_s, facts.duration_s) == (0, 4)
    assert (facts.video_codec, facts.pixel_format) == ("h264", "yuv420p")
    assert facts.size_bytes == path.stat().st_size
    assert facts.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert facts.av_offset_s == 0
    sound = facts.sound
    assert sound is not None
    assert (sound.codec, sound.sample_rate_hz, sound.channels) == ("aac", 48_000, 1)
    assert (sound.start_s, sound.duration_s) == (0, 4)


@pytest.mark.parametrize(("gain", "lufs"), [(0.7, -6.1), (0.1, -23.0)])
def test_loudness_is_that_of_the_standard(film: FilmMaker, gain: float, lufs: float) -> None:
    sound = measure(film(4, 16, sound=np.float32(gain) * SINE)).sound
    assert sound is not None
    assert sound.loudness_lufs == pytest.approx(lufs, abs=0.2)


def test_silence_has_no_loudness(film: FilmMaker) -> None:
    sound = measure(film(1, 16, sound=np.zeros(48_000, np.float32))).sound
    assert sound is not None
    assert sound.loudness_lufs is None


def test_a_silent_film_has_no_sound_facts(film: FilmMaker) -> None:
    facts = measure(film(1, 24))
    assert facts.sound is None
    assert facts.av_offset_s == 0


def test_a_file_without_picture_is_refused(tmp_path: Path) -> None:
    write_sound(SINE, tmp_path / "sound.m4a", 48_000, 1.0)
    with pytest.raises(GenerationError, match="no picture"):
        measure(tmp_path / "sound.m4a")
