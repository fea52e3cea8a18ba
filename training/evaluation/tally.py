"""Observations by axis, and what they add up to."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from training.evaluation.axes import Matches
from training.evaluation.intervals import Estimate, mean, share


@dataclass
class Tally:
    """Shares as (right, of how many) of each observation, and values, by axis."""

    shares: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def right(self, judged: Mapping[str, bool]) -> None:
        """One film, right or wrong on each axis."""
        for axis, good in judged.items():
            self.shares[axis].append((int(good), 1))

    def value(self, axis: str, value: float) -> None:
        """One value of an axis."""
        self.values[axis].append(value)

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
