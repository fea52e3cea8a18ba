import torch

from services.families.moviegen.character_encoder import CharacterEncoder, CharacterParams

PARAMS = CharacterParams(side=6, width=24, layers=1, heads=2, hidden=32)


def encoder() -> CharacterEncoder:
    torch.manual_seed(0)
    return CharacterEncoder(PARAMS, channels=4, width=20).eval()


@torch.no_grad()
def test_a_patch_of_latents_is_a_token() -> None:
    tokens = encoder()(torch.randn(3, 4, 6, 6))
    assert tokens.shape == (3, PARAMS.tokens, 20)
    assert PARAMS.tokens == 9
    torch.testing.assert_close(tokens.mean(-1), torch.zeros(3, 9), atol=1e-5, rtol=0)


@torch.no_grad()
def test_tokens_know_what_they_show_and_where() -> None:
    module, portrait = encoder(), torch.randn(1, 4, 6, 6)
    assert not torch.allclose(module(portrait), module(-portrait), atol=1e-2)
    alike = module(torch.ones(1, 4, 6, 6))[0]
    distances = torch.cdist(alike, alike) + torch.eye(9)
    assert distances.min() > 1e-3
    turned = module(portrait.transpose(2, 3))[0].unflatten(0, (3, 3)).transpose(0, 1).flatten(0, 1)
    assert not torch.allclose(turned, module(portrait)[0], atol=1e-2)


@torch.no_grad()
def test_every_patch_is_seen_by_every_token() -> None:
    module, portrait = encoder(), torch.randn(1, 4, 6, 6)
    other = portrait.clone()
    other[:, :, :2, :2] += 1.0
    assert ((module(portrait) - module(other)).abs().amax(-1) > 1e-6).all()
