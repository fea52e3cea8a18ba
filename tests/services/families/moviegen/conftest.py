from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn


def gradients(network: nn.Module, given: dict[str, Tensor]) -> dict[str, Tensor]:
    """Those of all weights that have one, for a made-up loss."""
    network(**given).square().mean().backward()
    return {name: weight.grad for name, weight in network.named_parameters() if weight.grad is not None}


@pytest.fixture
def assert_same_gradients() -> Callable[[nn.Module, nn.Module, dict[str, Tensor]], None]:
    """Holds one network's gradients against another's."""

    def check(network: nn.Module, other: nn.Module, given: dict[str, Tensor]) -> None:
        wanted = gradients(other, given)
        for name, gradient in gradients(network, given).items():
            torch.testing.assert_close(gradient, wanted[name], atol=1e-6, rtol=1e-3)

    return check
