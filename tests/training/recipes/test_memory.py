import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from services.contract.errors import ConfigurationError
from training.recipes import memory
from training.recipes.feed import Place
from training.recipes.memory import Memory
from training.recipes.order import Order


def test_what_is_put_down_is_read_to_the_bit(tmp_path: Path) -> None:
    shared = torch.randn(3)
    whole = Memory()
    whole.put("a", {"x": shared, "y/z": torch.arange(4)}, {"rate": 0.1 + 0.2, "list": [1, 2]})
    whole.put("ab", {"x": shared}, {})
    memory.write(tmp_path / "s", whole)
    found = memory.read(tmp_path / "s")
    tensors, facts = found.get("a")
    assert set(tensors) == {"x", "y/z"}
    assert torch.equal(tensors["x"], shared)
    assert facts == {"rate": 0.1 + 0.2, "list": [1, 2]}
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_a_run_goes_on_with_its_own_memory_only(tmp_path: Path) -> None:
    order = Order("tae", tmp_path, steps=9)
    assert memory.unfinished(order) is None
    memory.write(order.state, memory.beginning(order, Place((2,), 7)))
    found = memory.unfinished(replace(order, workers=3))
    assert found is not None
    assert (found.place.again, found.place.next) == ((2,), 7)
    for other in (replace(order, steps=10), replace(order, seed=1), replace(order, steps=None)):
        with pytest.raises(ConfigurationError, match="another run"):
            memory.unfinished(other)


def test_chance_goes_on_as_it_would_have() -> None:
    torch.manual_seed(1)
    dice = random.Random(1)
    dice.gauss(0, 1)
    states, state = memory.chances("cpu"), memory.dice(dice)
    expected = torch.rand(3), dice.gauss(0, 1), dice.random()
    torch.manual_seed(2)
    memory.take_chances(states, "cpu")
    later = random.Random(2)
    memory.take_dice(later, state)
    assert torch.equal(torch.rand(3), expected[0])
    assert (later.gauss(0, 1), later.random()) == expected[1:]
