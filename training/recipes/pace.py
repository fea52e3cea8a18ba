"""How far a run is. With given steps it is a function of their number; by the clock it is written down.

The rate of learning, what is learned when, and when clips are encoded follow from it, and from nothing else
that differs from run to run.
"""

import json
import os
import time
from dataclasses import dataclass, field
from typing import Any

from services.contract.errors import ConfigurationError
from training.recipes.order import Order

DIGITS = 6


@dataclass
class Record:
    """A run by the clock: for each step how much of the time was over, and the steps after which clips were
    encoded."""

    parts: list[float] = field(default_factory=list)
    encoded: list[int] = field(default_factory=list)


def read_record(order: Order) -> Record:
    """The record of the run that is to be repeated. Raises ConfigurationError where there is none."""
    assert order.repeat is not None
    path = order.repeat / order.pace.name
    try:
        return Record(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(f"no record of a run by the clock in {path}") from error


class Pace:
    """The step to come, and `part` (0..1): how much of the run is over before it."""

    def __init__(self, order: Order) -> None:
        """Raises ConfigurationError where a run is to be repeated that kept no record."""
        self.order = order
        self.step, self.part = 0, 0.0
        self.record = Record() if order.repeat is None else read_record(order)
        self.after = frozenset(self.record.encoded)
        self.steps = len(self.record.parts) if order.repeat is not None else order.steps
        self.restart()

    def restart(self) -> None:
        """What is left of the run has the time from now on."""
        self.start, self.start_part = time.time(), self.part
        self.until = max(self.order.until, self.start + 1e-3)

    @property
    def left_s(self) -> float:
        """Seconds until the end by the clock, 0 at the end."""
        return max(0.0, self.until - time.time())

    def more(self) -> bool:
        """Whether there is another step; its part is then fixed."""
        if self.steps is None:
            over = (time.time() - self.start) / (self.until - self.start)
            self.part = round(min(1.0, self.start_part + (1.0 - self.start_part) * over), DIGITS)
            return over < 1.0
        if self.step >= self.steps:
            self.part = 1.0
        else:
            self.part = self.step / self.steps if self.order.repeat is None else self.record.parts[self.step]
        return self.step < self.steps

    def advance(self) -> None:
        """The step is done."""
        if self.steps is None:
            self.record.parts.append(self.part)
        self.step += 1

    def encodes(self, by_clock: bool, by_steps: bool) -> bool:
        """Whether clips are encoded after the last step, by what the clock or the number of steps says."""
        if self.order.repeat is not None:
            return self.step in self.after
        if self.steps is not None:
            return by_steps
        if by_clock:
            self.record.encoded.append(self.step)
        return by_clock

    def write(self) -> None:
        """Leave the record of a run by the clock for others."""
        if self.steps is None:
            draft = self.order.pace.with_suffix(".pace-draft")
            draft.write_text(json.dumps(vars(self.record)))
            os.replace(draft, self.order.pace)

    def facts(self) -> dict[str, Any]:
        """What a later process needs to go on."""
        own = vars(self.record) if self.steps is None else {}
        return {"step": self.step, "part": self.part, **own}

    def recall(self, facts: dict[str, Any]) -> None:
        """Go on from there."""
        self.step, self.part = facts["step"], facts["part"]
        if self.steps is None:
            self.record = Record(facts["parts"], facts["encoded"])
        self.restart()
