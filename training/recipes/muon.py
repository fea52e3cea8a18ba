"""Muon: momentum whose matrices are made orthogonal before each step (Jordan et al., 2024).

torch has it as well, but takes one matrix after the other: on a GPU the hundred small matrices of a narrow
transformer then cost more than its gradient. Here matrices of one shape go through together.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

# A quintic that drives singular values towards 1 in a few steps.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
# With it a step is about as large as one of Adam, so that both can share a learning rate (Liu et al., 2025).
LIKE_ADAM = 0.2


def orthogonal(matrices: Tensor) -> Tensor:
    """Matrices [n,rows,columns] with their singular values near 1, in bfloat16."""
    x = matrices.bfloat16()
    wide = x.shape[1] <= x.shape[2]
    x = x if wide else x.mT
    x = x / (x.flatten(1).float().norm(dim=1)[:, None, None].to(x.dtype) + 1e-7)
    a, b, c = COEFFICIENTS
    for _ in range(ITERATIONS):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    result: Tensor = x if wide else x.mT
    return result


class Muon(torch.optim.Optimizer):
    """For the matrices [rows,columns] inside a network, and kernels [out,in,h,w], matrices of out rows.

    Other weights are another optimizer's.
    """

    def __init__(
        self, weights: Iterable[Tensor], lr: float, momentum: float = 0.95, weight_decay: float = 0.01
    ) -> None:
        super().__init__(weights, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002
        """One step down the gradients; weights without one stay."""
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = {}
            for weight in group["params"]:
                if weight.grad is not None:
                    by_shape.setdefault(weight.shape, []).append(weight)
            for shape, weights in by_shape.items():
                self._step(group, shape, weights)

    def _step(self, group: dict[str, Any], shape: torch.Size, weights: list[Tensor]) -> None:
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        states = [self.state[weight] for weight in weights]
        for state, weight in zip(states, weights, strict=True):
            state.setdefault("momentum", torch.zeros_like(weight))
        moving = [state["momentum"] for state in states]
        torch._foreach_lerp_(moving, gradients, 1.0 - group["momentum"])
        ahead = torch._foreach_lerp(gradients, moving, group["momentum"])
        matrices = torch.stack(list(ahead)).flatten(2)
        steps = orthogonal(matrices).to(weights[0].dtype).view(-1, *shape)
        size = group["lr"] * LIKE_ADAM * max(matrices.shape[1:]) ** 0.5
        torch._foreach_mul_(weights, 1.0 - group["lr"] * group["weight_decay"])
        torch._foreach_add_(weights, list(steps.unbind()), alpha=-size)
