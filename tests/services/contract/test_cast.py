from pathlib import Path

import pytest

from services.contract.cast import CastManifest
from services.contract.errors import ConfigurationError
from services.settings import MANIFESTS

CAST = CastManifest.read(MANIFESTS / "moviegen-mini.json")


def test_every_size_is_even_and_its_base_fits_the_patches() -> None:
    for size in CAST.sizes:
        assert size.width % 2 == size.height % 2 == 0
        assert size.base_width % 16 == size.base_height % 16 == 0
        assert abs(size.width / size.height - size.base_width / size.base_height) < 1e-6


def test_latent_shapes_follow_the_paper() -> None:
    size = CAST.size("1920x1080")
    assert size is not None
    assert CAST.latents.shape(64, size) == (8, 18, 32)
    assert CAST.latents.shape(1, size) == (1, 18, 32)


def test_sound_latents_cover_the_picture() -> None:
    assert CAST.sound.latents(64, 16) == 100
    assert CAST.sound.latents(1, 24) == 2


def test_the_sizes_of_the_hosted_api_are_offered() -> None:
    assert all(CAST.size(name) for name in ("1280x720", "720x1280", "1792x1024", "1024x1792"))


def test_a_wrong_manifest_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "cast.json"
    with pytest.raises(ConfigurationError, match=r"cast\.json"):
        CastManifest.read(path)
    path.write_text("{}")
    with pytest.raises(ConfigurationError, match="name"):
        CastManifest.read(path)
