from pathlib import Path

import numpy as np
import pytest

from services.contract.errors import InputError
from services.media.encode import PictureWriter
from services.media.mux import mux
from services.media.sound import write_sound
from services.sampling.color import pack, planes
from training.evaluation.film import read
from training.measures.listening import hits
from training.measures.quality import psnr
from training.world.chance import Film, Wanted, sample_scene
from training.world.dataset import record


def test_a_film_comes_back_with_its_sound_in_time(tmp_path: Path) -> None:
    scene = sample_scene(3, Film(32, 16, 16 / 9), wanted=Wanted(motion="bounce", count=1, weather="none"))
    clip = record(scene, 144, 256)
    with PictureWriter(tmp_path / "picture.mp4", 256, 144, 16) as writer:
        writer.write(pack(*planes(clip.frames)))
    write_sound(clip.sound, tmp_path / "sound.m4a", 48_000, 2.0)
    mux([tmp_path / "picture.mp4"], tmp_path / "sound.m4a", tmp_path / "film.mp4")
    film = read(tmp_path / "film.mp4")
    assert (film.frames.shape, film.fps, film.sound.shape) == ((32, 144, 256, 3), 16.0, (96_000,))
    assert psnr(film.frames, clip.frames) > 28
    assert np.allclose(hits(film.sound), hits(clip.sound), atol=0.011)


def test_a_silent_film_has_no_sound(tmp_path: Path) -> None:
    with PictureWriter(tmp_path / "picture.mp4", 64, 48, 24) as writer:
        writer.write(np.full((3, 72, 64), 128, np.uint8))
    film = read(tmp_path / "picture.mp4")
    assert (len(film.frames), film.fps, film.sound.size) == (3, 24.0, 0)


def test_what_is_no_film_is_refused(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"no film at all")
    with pytest.raises(InputError, match="no film"):
        read(tmp_path / "film.mp4")
    with pytest.raises(InputError, match="no film"):
        read(tmp_path / "none.mp4")
