import time
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from services.families.moviegen import casts
from training.recipes.order import Order
from training.recipes.trainer import Schedule, Trainer


@pytest.fixture
def trainer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trainer:
    def build(cast: str, name: str) -> nn.Module:
        torch.manual_seed(0)
        return nn.Linear(2, 1)

    monkeypatch.setattr(casts, "build", build)
    return Trainer(Order("tae", tmp_path, time.time() + 60), ("a", "b"), Schedule(peak=0.05, warmup=1e-6))


def loss(trainer: Trainer) -> Tensor:
    x = torch.tensor([[1.0, 2.0], [3.0, -1.0]])
    return sum((n(x) - x.sum(1, keepdim=True)).square().mean() for n in trainer.networks.values())  # type: ignore[return-value]


def test_the_rate_rises_and_falls_to_nothing() -> None:
    schedule = Schedule(peak=1.0, warmup=0.1, fall=0.5)
    assert schedule.rate(0.05) == pytest.approx(0.5)
    assert schedule.rate(0.3) == 1.0
    assert schedule.rate(0.75) == pytest.approx(0.5)
    assert schedule.rate(1.0) == pytest.approx(0.0, abs=1e-9)


def test_steps_lower_the_loss_and_the_average_follows(trainer: Trainer) -> None:
    before = float(loss(trainer).detach())
    for _ in range(100):
        trainer.step(lambda: loss(trainer))
    after = float(loss(trainer).detach())
    assert after < 0.2 * before
    live = [w.detach().clone() for w in trainer.weights]
    with trainer.averaged():
        assert float(loss(trainer).detach()) < before
        assert any(not torch.equal(w, old) for w, old in zip(trainer.weights, live, strict=True))
    assert all(torch.equal(w, old) for w, old in zip(trainer.weights, live, strict=True))


def test_weights_that_became_infinite_are_taken_back(trainer: Trainer) -> None:
    trainer.step(lambda: loss(trainer))
    trainer.report()
    good = [w.clone() for w in trainer.average]
    trainer.step(lambda: loss(trainer) * float("nan"))
    trainer.report()
    assert all(torch.equal(w, old) for w, old in zip(trainer.weights, good, strict=True))
    trainer.step(lambda: loss(trainer))
    assert all(bool(w.isfinite().all()) for w in trainer.weights)


def test_muon_takes_the_matrices_of_blocks_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Small(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(2, 4)
            self.blocks = nn.ModuleList([nn.Linear(4, 4), nn.Conv2d(4, 4, 1)])

    monkeypatch.setattr(casts, "build", lambda cast, name: Small())
    schedule = Schedule(peak=0.1, muon=True, slow=("first",), slow_part=0.25)
    trainer = Trainer(Order("tae", tmp_path, time.time() + 60), ("a",), schedule)
    adam, muon = trainer.optimizers
    assert [tuple(w.shape) for group in muon.param_groups for w in group["params"]] == [(4, 4)]
    counts = {group["part"]: len(group["params"]) for group in adam.param_groups}
    assert counts == {1.0: 3, 0.25: 2}
    trainer.step(lambda: sum((w.square().sum() for w in trainer.weights), torch.zeros(())))
    rates = {group["part"]: group["lr"] for group in adam.param_groups}
    assert rates[0.25] == pytest.approx(rates[1.0] / 4)


def test_too_little_memory_shrinks_the_batch(trainer: Trainer) -> None:
    def fails() -> Tensor:
        raise torch.OutOfMemoryError("none left")

    trainer.step(fails)
    assert trainer.shrink == pytest.approx(0.7)
    assert trainer.steps == 0


def test_a_later_run_goes_on_from_the_file(trainer: Trainer) -> None:
    for _ in range(3):
        trainer.step(lambda: loss(trainer))
    trainer.save("a")
    later = Trainer(trainer.order, ("a",), trainer.schedule)
    torch.testing.assert_close(later.weights[0], trainer.average[0].half().float())
