import torch

from services.families.moviegen.text_encoder import TextEncoder, TextEncoderParams

PARAMS = TextEncoderParams(vocabulary=30, max_tokens=12, width=32, layers=2, heads=4, hidden=48)


@torch.no_grad()
def test_pads_change_nothing_and_give_zeros() -> None:
    torch.manual_seed(0)
    encoder = TextEncoder(PARAMS)
    states = encoder(torch.tensor([[1, 7, 9, 2]]))
    padded = encoder(torch.tensor([[1, 7, 9, 2, 0, 0], [1, 4, 4, 4, 4, 2]]))
    assert states.shape == (1, 4, 32)
    torch.testing.assert_close(padded[:1, :4], states)
    assert not padded[0, 4:].any()
    assert padded[1].all()


@torch.no_grad()
def test_order_and_later_words_count() -> None:
    torch.manual_seed(0)
    encoder = TextEncoder(PARAMS)
    states = encoder(torch.tensor([[1, 7, 9, 2], [1, 9, 7, 2], [1, 7, 8, 2]]))
    assert not torch.allclose(states[0, 3], states[1, 3], atol=1e-4)
    assert not torch.allclose(states[0, 0], states[2, 0], atol=1e-4)


@torch.no_grad()
def test_longest_text() -> None:
    tokens = torch.full((1, PARAMS.max_tokens), 3)
    assert TextEncoder(PARAMS)(tokens).isfinite().all()
