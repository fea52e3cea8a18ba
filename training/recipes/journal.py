"""Progress of a recipe: a bar or lines for people, JSON lines for programs."""

import json
import sys
import time
from pathlib import Path

from training.recipes.bar import CLEAR, line

TICK_S = 0.5


class Journal:
    """Writes to standard output and to `NAME.jsonl` in a folder.

    Where standard error is a terminal, progress is a bar there; else it is a line like everything else.
    """

    def __init__(self, work: Path, name: str) -> None:
        self.name = name
        self.start = self.ticked = time.time()
        self.path = work / f"{name}.jsonl"
        self.bar = sys.stderr.isatty()
        self.facts: dict[str, float] = {}
        self.gone: float | None = None

    def write(self, **facts: float | int | str) -> None:
        """One line of facts, in the order given."""
        row = self._keep(facts)
        text = " ".join(f"{name}={value}" for name, value in row.items() if name != "elapsed_s")
        if self.bar:
            print(CLEAR, end="", file=sys.stderr, flush=True)
        print(f"[{self.name} {row['elapsed_s']:6.1f}s] {text}", flush=True)

    def progress(self, part: float, **facts: float) -> None:
        """How far the run is (0..1), with facts."""
        if not self.bar:
            self.write(part=part, **facts)
            return
        self._keep({"part": part, **facts})
        self.facts = facts
        self._draw(part)

    def tick(self, part: float) -> None:
        """Keep the bar moving, where there is one."""
        if self.bar and time.time() - self.ticked > TICK_S:
            self._draw(part)

    def end(self) -> None:
        """Leave the bar as it is."""
        if self.bar:
            print(file=sys.stderr, flush=True)

    def _draw(self, part: float) -> None:
        self.ticked = time.time()
        if self.gone is None:
            self.gone, self.start = part, self.ticked
        text = line(self.name, part, self.facts, self.ticked - self.start, self.gone)
        print(CLEAR + text, end="", file=sys.stderr, flush=True)

    def _keep(self, facts: dict[str, float | int | str]) -> dict[str, float | int | str]:
        elapsed = round(time.time() - self.start, 1)
        row = {"elapsed_s": elapsed} | {name: _rounded(value) for name, value in facts.items()}
        with self.path.open("a") as file:
            file.write(json.dumps(row) + "\n")
        return row


def _rounded(value: float | int | str) -> float | int | str:
    return float(f"{value:.5g}") if isinstance(value, float) else value
