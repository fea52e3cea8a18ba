import torch

from services.families.moviegen.tae import TAEDecoder, TAEEncoder, TAEParams
from training.recipes.plain import scene_of
from training.recipes.principal import blocks, components, start
from training.world.chance import Film
from training.world.render import render


def films(first: int, count: int) -> list[torch.Tensor]:
    scenes = [scene_of(seed, Film(16, 16, 1.0), "train", plain=True) for seed in range(first, first + count)]
    return [torch.from_numpy(render(scene, 64, 64)) for scene in scenes]


def test_blocks_hold_every_pixel_once() -> None:
    video = torch.arange(3 * 16 * 16 * 8, dtype=torch.float32).reshape(1, 3, 16, 16, 8)
    rows = blocks(video)
    assert rows.shape == (4, 1536)
    assert torch.equal(rows.flatten().sort().values, video.flatten())


def test_components_are_orthogonal_and_in_order() -> None:
    _, directions, deviations = components(films(0, 4), 8)
    assert torch.allclose(directions.T @ directions, torch.eye(8), atol=1e-4)
    assert (deviations.diff() <= 0).all()


def test_a_started_autoencoder_shows_films_it_has_not_seen() -> None:
    torch.manual_seed(0)
    params = TAEParams(widths=(8, 8, 8, 8), decoder_blocks=1, groups=4)
    encoder, decoder = TAEEncoder(params).eval(), TAEDecoder(params).eval()
    start(encoder, decoder, films(0, 30))
    video = torch.stack(films(100, 3)).permute(0, 4, 1, 2, 3).float() / 127.5 - 1
    with torch.no_grad():
        latents = encoder(video)
        error = (decoder(latents) - video).square().mean()
    assert 0.3 < latents.std() < 3
    assert error < 0.1 * video.var()
