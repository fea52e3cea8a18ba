"""Less memory traffic under autocast, and less work for a CPU: the same sums."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from services.families.moviegen.layers import Attention
from services.families.moviegen.refining import Refiner
from services.families.moviegen.tae import TemporalConv


class LeanGroupNorm(nn.GroupNorm):
    """A group norm that stays in the type of its input, where autocast would go to float32 and back."""

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            weight, bias = self.weight.to(x.dtype), self.bias.to(x.dtype)
            return F.group_norm(x, self.num_groups, weight, bias, self.eps)


class LeanAttention(Attention):
    """Attention in plain products of matrices where a CPU has bfloat16: the fused one is several times slower
    there. Elsewhere the fused one."""

    def attend(self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None) -> Tensor:
        if q.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
            return super().attend(q, k, v, bias)
        with torch.autocast("cpu", enabled=False):
            q, k, v = (part.bfloat16() for part in (q * q.shape[-1] ** -0.5, k, v))
            scores = q @ k.mT
            weights = (scores if bias is None else scores + bias.bfloat16()).softmax(-1)
            y: Tensor = weights @ v
            return y


class Meeting(torch.autograd.Function):
    """What each frame has of the one before, itself and the one after, [B,T,3,...], summed where it belongs.

    The ends are repeated. Slices under autograd would each have a gradient as large as the whole.
    """

    @staticmethod
    def forward(ctx: Any, parts: Tensor) -> Tensor:  # noqa: ARG004
        """[B,T,...]; that of T places."""
        before, same, after = parts.unbind(2)
        total = same.clone()
        total[:, 1:] += before[:, :-1]
        total[:, 0] += before[:, 0]
        total[:, :-1] += after[:, 1:]
        total[:, -1] += after[:, -1]
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # noqa: ARG004
        """Each part has the gradient of where it went."""
        whole = gradient.new_empty(*gradient.shape[:2], 3, *gradient.shape[2:])
        before, same, after = whole.unbind(2)
        same.copy_(gradient)
        before[:, :-1], before[:, -1] = gradient[:, 1:], 0.0
        before[:, 0] += gradient[:, 0]
        after[:, 1:], after[:, 0] = gradient[:, :-1], 0.0
        after[:, -1] += gradient[:, -1]
        return whole


class LeanTemporalConv(TemporalConv):
    """A convolution over time as a product of matrices for each frame: on a CPU twice as fast, with its
    gradient, as a 1x1 convolution of three frames side by side. Its stride is 1."""

    def forward(self, x: Tensor) -> Tensor:
        batch, frames, _, height, width = x.shape
        weights = torch.cat(self.mix.weight[:, :, 0, 0].chunk(3, dim=1))
        flat = x.flatten(0, 1).flatten(2)
        parts = torch.bmm(weights.to(x.dtype).expand(len(flat), -1, -1), flat)
        total: Tensor = Meeting.apply(parts.view(batch, frames, 3, -1, height, width))  # type: ignore[no-untyped-call]
        assert self.mix.bias is not None
        return total + self.mix.bias.to(x.dtype)[:, None, None]


def lean(network: nn.Module) -> None:
    """Make the group norms of a network lean, its attention, and what refines cell by cell."""
    for module in network.modules():
        if type(module) is nn.GroupNorm:
            module.__class__ = LeanGroupNorm
        elif type(module) is Attention:
            module.__class__ = LeanAttention
        elif type(module) is Refiner:
            # Convolutions follow their kernels, and channels that lie together are faster.
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def lean_on_cpu(network: nn.Module) -> None:
    """Make what else a CPU is slow at lean: convolutions over time."""
    for module in network.modules():
        if type(module) is TemporalConv and module.stride == 1:
            module.__class__ = LeanTemporalConv
