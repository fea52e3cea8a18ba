import pytest
import torch
from torch import nn

from training.recipes.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(3, 16, 32), (2, 32, 16), (1, 8, 8)])
def test_singular_values_come_near_one(shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonal(torch.randn(shape)).float())
    assert 0.4 < float(values.min()) <= float(values.max()) < 1.3


def test_it_steps_like_the_one_of_torch() -> None:
    torch.manual_seed(0)
    start = [torch.randn(24, 48), torch.randn(24, 48), torch.randn(16, 16)]
    ours, theirs = ([nn.Parameter(w.clone()) for w in start] for _ in range(2))
    first = Muon(ours, lr=0.01, momentum=0.9, weight_decay=0.1)
    second = torch.optim.Muon(theirs, lr=0.01, momentum=0.9, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    for _ in range(4):
        for a, b in zip(ours, theirs, strict=True):
            a.grad = torch.randn_like(a)
            b.grad = a.grad.clone()
        first.step()
        second.step()
    for a, b, before in zip(ours, theirs, start, strict=True):
        moved = float((b.detach() - before).norm())
        assert float((a - b).detach().norm()) < 0.05 * moved


def test_a_kernel_steps_like_the_matrix_that_it_is() -> None:
    torch.manual_seed(0)
    matrix = nn.Parameter(torch.randn(16, 72))
    kernel = nn.Parameter(matrix.detach().clone().view(16, 8, 3, 3))
    for _ in range(3):
        matrix.grad = torch.randn_like(matrix)
        kernel.grad = matrix.grad.view_as(kernel).clone()
        for weight in (matrix, kernel):
            Muon([weight], lr=0.1).step()
    assert torch.equal(kernel.detach().flatten(1), matrix.detach())


def test_weights_without_a_gradient_stay() -> None:
    moving, still = nn.Parameter(torch.ones(4, 4)), nn.Parameter(torch.ones(4, 4))
    moving.grad = torch.eye(4)
    Muon([moving, still], lr=0.1).step()
    assert torch.equal(still, torch.ones(4, 4))
    assert not torch.equal(moving, torch.ones(4, 4))
