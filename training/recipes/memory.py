"""What a run remembers, so that a later process goes on to the bit where it was killed.

One file beside the weights: safetensors, with all that is no tensor as JSON in its header. JSON keeps every
digit of a float.
"""

import json
import os
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from services.contract.errors import ConfigurationError
from training.recipes.feed import Place
from training.recipes.order import Order

HEADER = "facts"


@dataclass
class Memory:
    """Tensors and facts by name; the names of a part begin with its own."""

    tensors: dict[str, Tensor] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def put(self, part: str, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Add what a part of the run has to say."""
        self.tensors |= {f"{part}.{name}": tensor for name, tensor in tensors.items()}
        self.facts[part] = dict(facts)

    def get(self, part: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """What a part has said."""
        start = f"{part}."
        tensors = {n.removeprefix(start): t for n, t in self.tensors.items() if n.startswith(start)}
        return tensors, self.facts[part]

    @property
    def place(self) -> Place:
        """Where the stream of samples goes on."""
        return Place(tuple(self.facts["again"]), self.facts["next"])


def beginning(order: Order, place: Place) -> Memory:
    """Whose memory it is, and where the stream of samples goes on; nothing of the recipe yet."""
    return Memory(facts={"whose": whose(order), "over": False, "again": place.again, "next": place.next})


def write(path: Path, memory: Memory) -> None:
    """Write the file whole, on the disk, before it takes its name."""
    # One storage under several names is refused.
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in memory.tensors.items()}
    draft = path.with_name(path.name + "-draft")
    save_file(tensors, draft, {HEADER: json.dumps(memory.facts)})
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(draft, path)


def read(path: Path) -> Memory:
    """The memory in a file. Raises OSError if there is none."""
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return Memory(tensors, json.loads(file.metadata()[HEADER]))


def whose(order: Order) -> dict[str, Any]:
    """What must be the same for a run to go on."""
    kind = order.device.split(":")[0]
    mode = "clock" if order.by_clock else "repeat" if order.repeat is not None else "steps"
    return {"seed": order.seed, "by": mode, "steps": order.steps, "smoke": order.smoke, "device": kind}


def unfinished(order: Order) -> Memory | None:
    """What the run remembers, None if it begins. Raises ConfigurationError if it was another run."""
    if not order.state.exists():
        return None
    memory = read(order.state)
    if memory.facts["whose"] != whose(order):
        raise ConfigurationError(
            f"{order.state} is of another run ({memory.facts['whose']}): go on with that one, "
            "or remove the file to train on from the weights"
        )
    return memory


def chances(device: str) -> dict[str, Tensor]:
    """The states of torch's generators."""
    states = {"cpu": torch.get_rng_state()}
    if device.startswith("cuda"):
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def take_chances(states: Mapping[str, Tensor], device: str) -> None:
    """Set the states of torch's generators."""
    torch.set_rng_state(states["cpu"])
    if device.startswith("cuda"):
        torch.cuda.set_rng_state(states["cuda"], device)


def dice(chance: random.Random) -> list[Any]:
    """The state of a generator of Python's, for JSON."""
    version, numbers, normal = chance.getstate()
    return [version, list(numbers), normal]


def take_dice(chance: random.Random, state: list[Any]) -> None:
    """Set the state of a generator of Python's."""
    version, numbers, normal = state
    chance.setstate((version, tuple(numbers), normal))
