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


def test_muon_has_the_kernels_inside_a_network_and_not_those_to_and_from_pixels() -> None:
    network = nn.ModuleDict(
        {
            "first": nn.Conv2d(12, 24, 3),
            "inner": nn.Conv2d(24, 24, 3),
            "last": nn.Conv2d(24, 12, 3),
            "flat": nn.Linear(24, 24),
        }
    )
    optimizers = Optimizers(
        Schedule(peak=0.1, muon_kernels=True), [network], list(network.parameters()), fused=False
    )
    (kernel,) = optimizers.all[1].param_groups[0]["params"]
    assert kernel is network["inner"].weight
    assert len(Optimizers(Schedule(peak=0.1), [network], list(network.parameters()), fused=False).all) == 1
