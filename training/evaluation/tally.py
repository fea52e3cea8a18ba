"""Observations by axis, and what they add up to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from training.evaluation.axes import Matches
from training.evaluation.intervals import Estimate, mean, share


@dataclass
class Tally:
    """Shares as (right, of how many) of each observation, and values, by axis."""

    shares: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Tally":
        """The tally that `data` came from. Raises KeyError, TypeError or ValueError for anything else."""
        tally = cls()
        for axis, counts in dict(data["shares"]).items():
            tally.shares[axis] += [(int(right), int(total)) for right, total in counts]
        for axis, values in dict(data["values"]).items():
            tally.values[axis] += [float(value) for value in values]
        return tally

    @property
    def data(self) -> dict[str, Any]:
        """Everything observed, in plain values."""
        return {"shares": dict(self.shares), "values": dict(self.values)}

    def right(self, judged: Mapping[str, bool]) -> None:
        """One film, right or wrong on each axis."""
        for axis, good in judged.items():
            self.shares[axis].append((int(good), 1))

    def value(self, axis: str, value: float) -> None:
        """One value of an axis."""
        self.values[axis].append(float(value))

    def matches(self, what: str, counted: Matches) -> None:
        """Precision and recall of one film's hits."""
        self.shares[f"{what}: precision"].append((counted.belonging, counted.heard))
        self.shares[f"{what}: recall"].append((counted.found, counted.known))

    def estimates(self) -> dict[str, Estimate]:
        """Every axis of which there is anything to say."""
        found = {}
        for axis, counts in self.shares.items():
            right, total = (sum(part) for part in zip(*counts, strict=True))
            if total:
                found[axis] = share(right, total)
        return found | {axis: mean(values) for axis, values in self.values.items() if values}


def total(tallies: Iterable[Tally]) -> Tally:
    """All observations of some tallies, in their order."""
    whole = Tally()
    for tally in tallies:
        for axis, counts in tally.shares.items():
            whole.shares[axis] += counts
        for axis, values in tally.values.items():
            whole.values[axis] += values
    return whole
