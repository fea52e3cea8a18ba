"""Whether compiled blocks learn what plain ones would.

Outputs may be right and gradients wrong: so it was with torch 2.13 on a CPU, where shapes were dynamic and
tokens lay apart in memory. Nothing but the learning itself showed it.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from services.contract.errors import ConfigurationError
from training.recipes import memory

MOST = 0.1
"""Part of the gradient by which it may be off: twice and more what bfloat16 makes of it."""


def compare(loss_of: Callable[[], Tensor], weights: Sequence[Tensor], device: str) -> float:
    """By which part the gradient of compiled blocks is off that of plain ones, for the same chances.

    Raises ConfigurationError where that is more than rounding explains.
    """
    states, found = memory.chances(device), []
    for stance in ("default", "force_eager"):
        memory.take_chances(states, device)
        for weight in weights:
            weight.grad = None
        with torch.compiler.set_stance(stance):
            loss_of().backward()  # type: ignore[no-untyped-call]
        found.append([torch.zeros_like(w) if w.grad is None else w.grad.clone() for w in weights])
    memory.take_chances(states, device)
    compiled, plain = found
    off = sum(float((a - b).square().sum()) for a, b in zip(compiled, plain, strict=True))
    part: float = (off / max(sum(float(b.square().sum()) for b in plain), 1e-30)) ** 0.5
    if not part < MOST:
        raise ConfigurationError(f"compiled blocks have gradients of their own, off by {100 * part:.0f} %")
    return part
