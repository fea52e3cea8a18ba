from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from services.contract.cast import TASKS
from services.contract.errors import ConfigurationError
from services.local.stack import ROOT
from training.evaluation.networks import Networks, Request
from training.measures.quality import psnr
from training.recipes.sources import PORTRAIT
from training.world.figures import portrait, sample_figure

FILM = np.linspace(40, 200, 16 * 144 * 256 * 3).reshape(16, 144, 256, 3).astype(np.uint8)


@pytest.fixture(scope="module")
def networks() -> Networks:
    return Networks.of(ROOT)


def test_films_go_through_the_autoencoder(networks: Networks) -> None:
    latents = networks.encode_video(FILM)
    assert latents.shape == (64, 2, 18, 32)
    back = networks.decode_video(latents)
    assert back.shape == FILM.shape
    assert psnr(back, FILM) > 18


@pytest.mark.parametrize("task", TASKS)
def test_every_task_makes_a_film(networks: Networks, task: str) -> None:
    given = {"text": 0, "image": 1, "character": 0, "continuation": 1, "edit": 2}[task]
    source = networks.encode_video(FILM)[:, :given] if given else None
    size = networks.base_size(256, 144)
    request = Request("a red ball", 16, size, 3, task, source, steps=1)  # type: ignore[arg-type]
    assert networks.sample_video(request).shape == (16, 144, 256, 3)


def test_a_character_is_seen_in_its_own_task_alone(networks: Networks) -> None:
    side, size = networks.portrait_px, networks.base_size(256, 144)
    assert side == PORTRAIT
    figures = [networks.encode_portrait(portrait(sample_figure(seed), side, side)) for seed in range(2)]
    plain = Request("this character bouncing", 8, size, 3, "character", steps=1)
    own, other = (
        [networks.sample_video(replace(plain, task=task, character=figure)) for figure in figures]
        for task in ("character", "text")
    )
    assert (own[0] != own[1]).any()
    assert (other[0] == other[1]).all()


def test_a_film_is_that_of_its_seed(networks: Networks) -> None:
    size = networks.base_size(256, 144)
    one, two, other = (
        networks.sample_video(Request("a red ball", 8, size, seed, steps=2)) for seed in (1, 1, 2)
    )
    assert (one == two).all()
    assert (one != other).any()


def test_sounds_are_made_and_coded(networks: Networks) -> None:
    wave = networks.sample_sound(FILM, 16, "a ball bouncing", 1)
    assert wave.shape == (48_000,)
    assert networks.decode_sound(networks.encode_sound(wave)).size >= 48_000


def test_frames_are_enlarged(networks: Networks) -> None:
    assert networks.upsample(FILM[:2], 432, 768).shape == (2, 648, 768)


def test_the_digest_changes_with_a_weight(tmp_path: Path) -> None:
    folder = tmp_path / "upsampler" / "1"
    folder.mkdir(parents=True)
    networks = Networks(tmp_path, Networks.of(ROOT).cast)
    empty = networks.digest()
    (folder / "weights.safetensors").write_bytes(b"1")
    assert networks.digest() != empty
    assert len(empty) == 8


def test_sizes_are_the_casts(networks: Networks) -> None:
    with pytest.raises(ConfigurationError, match="100x100"):
        networks.base_size(100, 100)
    with pytest.raises(ConfigurationError, match="manifest"):
        Networks.of(Path("/nowhere"))
