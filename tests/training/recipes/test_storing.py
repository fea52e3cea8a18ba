from dataclasses import replace

import pytest
import torch
from torch import nn

from services.families.moviegen import casts
from training.recipes.memory import Memory
from training.recipes.optimizers import Schedule
from training.recipes.order import Order
from training.recipes.storing import Storing
from training.recipes.trainer import Trainer


def storing(order: Order) -> Storing:
    return Storing(Trainer(order, ("upsampler",), Schedule(peak=0.1)), 1024)


def test_store_and_dice_are_as_they_were_left(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casts, "build", lambda cast, name: nn.Linear(2, 2))
    first, whole = storing(order), Memory()
    first.chance.random()
    first.replay.add((1,), {"x": torch.arange(6.0).reshape(3, 2)})
    first.remember(whole)
    second = storing(replace(order, seed=order.seed + 1))
    second.recall(whole)
    assert torch.equal(second.replay.rows[(1,)]["x"][:3], torch.arange(6.0).reshape(3, 2))
    assert second.chance.random() == first.chance.random()
    second.forget()
    assert not list(order.work.glob("*.clips"))
