import pytest
import torch
from torch import nn

from services.families.moviegen.layers import Attention, mask_bias
from services.families.moviegen.tae import TemporalConv
from training.recipes.lean import lean, lean_on_cpu


def test_a_lean_norm_keeps_the_type_of_its_input_and_the_values() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.GroupNorm(2, 8), nn.SiLU())
    nn.init.normal_(network[0].weight)
    x = torch.randn(2, 8, 4, 4)
    before = network(x)
    lean(network)
    assert torch.equal(network(x), before)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        after = network(x.bfloat16())
    assert after.dtype == torch.bfloat16
    torch.testing.assert_close(after.float(), before, atol=0.06, rtol=0.05)


@pytest.mark.parametrize("masked", [False, True])
def test_lean_attention_has_the_values_and_gradients_of_any_other(masked: bool) -> None:
    torch.manual_seed(0)
    attention, x = Attention(32, heads=4), torch.randn(2, 6, 32, requires_grad=True)
    bias = mask_bias(torch.tensor([[1.0] * 4 + [0.0] * 2] * 2)) if masked else None

    def both() -> list[torch.Tensor]:
        y = attention(x, None, bias)
        weights = [x, attention.query.weight, attention.key.weight, attention.value.weight]
        return [y.float(), *torch.autograd.grad(y.float().square().sum(), weights)]

    plain = both()
    lean(attention)
    assert all(torch.equal(a, b) for a, b in zip(plain, both(), strict=True))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for lean_one, exact in zip(both(), plain, strict=True):
            assert (lean_one - exact).norm() < 0.02 * exact.norm()


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_a_lean_convolution_over_time_has_the_values_and_gradients_of_any_other(frames: int) -> None:
    torch.manual_seed(0)
    network, x = nn.Sequential(TemporalConv(6)), torch.randn(2, frames, 6, 4, 3, requires_grad=True)
    mix = network[0].mix
    nn.init.normal_(mix.weight)
    nn.init.normal_(mix.bias)

    def both() -> list[torch.Tensor]:
        y = network(x)
        return [
            y,
            *torch.autograd.grad(
                (y * torch.linspace(-1, 1, y.numel()).view_as(y)).sum(), [x, *mix.parameters()]
            ),
        ]

    plain = both()
    lean_on_cpu(network)
    assert type(network[0]) is not TemporalConv
    for a, b in zip(plain, both(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


def test_a_convolution_over_time_that_leaves_frames_out_stays_as_it_is() -> None:
    network = nn.Sequential(TemporalConv(4, stride=2))
    lean_on_cpu(network)
    assert type(network[0]) is TemporalConv
