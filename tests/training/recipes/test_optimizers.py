import pytest
import torch
from torch import Tensor, nn

from training.recipes.optimizers import Optimizers, Schedule


def test_the_rate_rises_and_falls_to_nothing() -> None:
    schedule = Schedule(peak=1.0, warmup=0.1, fall=0.5)
    assert schedule.rate(0.05) == pytest.approx(0.5)
    assert schedule.rate(0.3) == 1.0
    assert schedule.rate(0.75) == pytest.approx(0.5)
    assert schedule.rate(1.0) == pytest.approx(0.0, abs=1e-9)


def grown(optimizers: Optimizers, weights: list[Tensor], steps: range) -> list[Tensor]:
    for step in steps:
        for n, weight in enumerate(weights):
            weight.grad = (0.1 * step + n) * torch.arange(weight.numel()).view_as(weight)
        optimizers.step(step / 10)
    return [weight.detach().clone() for weight in weights]


def test_momenta_are_put_down_and_taken_up_again() -> None:
    torch.manual_seed(0)
    network = nn.ModuleDict({"blocks": nn.Linear(4, 4), "slow": nn.Linear(4, 2)})
    schedule = Schedule(peak=0.1, slow=("slow",), muon=True)
    weights = list(network.parameters())
    first = Optimizers(schedule, [network], weights, fused=False)
    assert len(first.all) == 2
    grown(first, weights, range(1, 4))
    begun, kept = [w.detach().clone() for w in weights], {n: t.clone() for n, t in first.tensors().items()}
    whole = grown(first, weights, range(4, 7))
    for weight, before in zip(weights, begun, strict=True):
        weight.data.copy_(before)
    fresh = Optimizers(schedule, [network], weights, fused=False)
    fresh.recall(kept)
    assert all(torch.equal(a, b) for a, b in zip(whole, grown(fresh, weights, range(4, 7)), strict=True))
    assert fresh.rate == pytest.approx(first.rate)
