import pytest
import torch

from services.families.moviegen.layers import (
    Attention,
    Block,
    RMSNorm,
    SharedModulation,
    SwiGLU,
    TimeEmbedding,
    mask_bias,
    sinusoids,
)


def test_rms_norm_leaves_a_unit_root_mean_square() -> None:
    y = RMSNorm(64)(37.0 * torch.randn(3, 64))
    torch.testing.assert_close(y.square().mean(-1), torch.ones(3), atol=1e-4, rtol=0)


def test_masked_context_is_not_seen() -> None:
    torch.manual_seed(0)
    attention = Attention(32, heads=4)
    x, context = torch.randn(2, 5, 32), torch.randn(2, 7, 32)
    bias = mask_bias(torch.tensor([[1.0] * 4 + [0.0] * 3] * 2))
    torch.testing.assert_close(attention(x, context, bias), attention(x, context[:, :4]))
    assert not torch.allclose(attention(x, context), attention(x, context[:, :4]))


def test_query_norm_takes_the_scale_of_the_input_away() -> None:
    torch.manual_seed(0)
    x, context = torch.randn(1, 5, 32), torch.randn(1, 7, 32)
    normed, plain = Attention(32, 4, qk_norm=True), Attention(32, 4, qk_norm=False)
    torch.testing.assert_close(normed(100.0 * x, context), normed(x, context), atol=1e-4, rtol=1e-3)
    assert not torch.allclose(plain(100.0 * x, context), plain(x, context), atol=1e-2)


def test_sinusoids_begin_with_cosine_one_and_sine_zero() -> None:
    waves = sinusoids(torch.arange(4), 8, 100.0)
    torch.testing.assert_close(waves[0], torch.tensor([1.0] * 4 + [0.0] * 4))
    torch.testing.assert_close(waves[:, 4], torch.sin(torch.arange(4.0)))


@pytest.mark.parametrize("near", [0.0, 0.5, 0.99])
def test_time_embedding_tells_close_steps_apart(near: float) -> None:
    torch.manual_seed(0)
    a, b = TimeEmbedding(32)(torch.tensor([near, near + 0.01]))
    assert (a - b).abs().max() > 1e-3


def test_fresh_block_only_adds_what_text_says() -> None:
    torch.manual_seed(0)
    block, modulation = Block(32, 4, SwiGLU(32, 64)), SharedModulation(32)
    torch.nn.init.zeros_(modulation.project.weight)
    x, text, bias = torch.randn(2, 5, 32), torch.randn(2, 3, 32), torch.zeros(2, 1, 1, 3)
    y = block(x, modulation(torch.randn(2, 32)), text, bias)
    torch.testing.assert_close(y, x + block.text_attention(block.text_norm(x), text, bias))
