import pytest
import torch

from services.contract.errors import ConfigurationError
from training.recipes.compiled import compare


def test_the_same_gradient_is_found_for_the_same_chances() -> None:
    weight = torch.ones(3, requires_grad=True)
    before = torch.get_rng_state()
    assert compare(lambda: (weight * torch.rand(3)).sum(), [weight], "cpu") == 0.0
    assert torch.equal(torch.get_rng_state(), before)


def test_another_gradient_is_refused_though_the_loss_is_the_same() -> None:
    weight, calls = torch.ones(2, requires_grad=True), []

    def loss() -> torch.Tensor:
        calls.append(1)
        return weight[0] if len(calls) == 1 else weight[1]

    with pytest.raises(ConfigurationError, match="off by 141 %"):
        compare(loss, [weight], "cpu")
