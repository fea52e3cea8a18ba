import time
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from services.families.moviegen import casts
from training.recipes.memory import Memory
from training.recipes.optimizers import Schedule
from training.recipes.order import Order
from training.recipes.trainer import LOOK_EVERY, Trainer


@pytest.fixture
def trainer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trainer:
    def build(cast: str, name: str) -> nn.Module:
        torch.manual_seed(0)
        return nn.Linear(2, 1)

    monkeypatch.setattr(casts, "build", build)
    trainer = Trainer(Order("tae", tmp_path, time.time() + 60), ("a", "b"), Schedule(peak=0.05))
    trainer.pace.part = 0.1
    return trainer


def loss(trainer: Trainer) -> Tensor:
    x = torch.tensor([[1.0, 2.0], [3.0, -1.0]])
    return sum((n(x) - x.sum(1, keepdim=True)).square().mean() for n in trainer.networks.values())  # type: ignore[return-value]


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
    trainer.look()
    good = [w.clone() for w in trainer.average]
    trainer.step(lambda: loss(trainer) * float("nan"))
    trainer.look()
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
    adam, muon = trainer.optimizers.all
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
    assert trainer.pace.step == 0


def test_a_later_run_goes_on_from_the_file(trainer: Trainer) -> None:
    for _ in range(3):
        trainer.step(lambda: loss(trainer))
    trainer.save("a")
    later = Trainer(trainer.order, ("a",), trainer.schedule)
    torch.testing.assert_close(later.weights[0], trainer.average[0].half().float())


def test_the_loss_is_looked_at_by_steps_and_not_by_the_clock(trainer: Trainer) -> None:
    for _ in range(LOOK_EVERY - 1):
        trainer.step(lambda: loss(trainer) * float("nan"))
    assert not bool(trainer.weights[0].isfinite().all())
    trainer.step(lambda: loss(trainer) * float("nan"))
    assert all(bool(w.isfinite().all()) for w in trainer.weights)


def test_what_is_drawn_by_chance_for_a_measure_does_not_count(trainer: Trainer) -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    with trainer.averaged():
        torch.rand(5)
    assert torch.equal(torch.rand(2), expected)


def test_a_trainer_goes_on_to_the_bit(trainer: Trainer) -> None:
    trainer.networks["a"].register_buffer("third", torch.tensor([1 / 3]))
    for _ in range(3):
        trainer.step(lambda: loss(trainer))
    whole = Memory()
    trainer.remember(whole)
    whole.tensors = {name: tensor.clone() for name, tensor in whole.tensors.items()}
    later = Trainer(trainer.order, ("a", "b"), trainer.schedule)
    later.networks["a"].register_buffer("third", torch.tensor([1 / 3]).half().float())
    later.recall(whole)
    assert float(later.networks["a"].get_buffer("third")) == float(torch.tensor(1 / 3))
    later.pace.part = trainer.pace.part
    for one in (trainer, later):
        one.step(lambda one=one: loss(one))  # type: ignore[misc]
    assert later.pace.step == 4
    for ours, theirs in ((trainer.weights, later.weights), (trainer.average, later.average)):
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
