"""Progress of a recipe: a line for people, a JSON line for programs."""

import json
import time
from pathlib import Path


class Journal:
    """Writes to standard output and to `NAME.jsonl` in a folder."""

    def __init__(self, work: Path, name: str) -> None:
        self.name = name
        self.start = time.time()
        self.path = work / f"{name}.jsonl"

    def write(self, **facts: float | int | str) -> None:
        """One line of facts, in the order given."""
        elapsed = round(time.time() - self.start, 1)
        row = {name: _rounded(value) for name, value in facts.items()}
        text = " ".join(f"{name}={value}" for name, value in row.items())
        print(f"[{self.name} {elapsed:6.1f}s] {text}", flush=True)
        with self.path.open("a") as file:
            file.write(json.dumps({"elapsed_s": elapsed, **row}) + "\n")


def _rounded(value: float | int | str) -> float | int | str:
    return float(f"{value:.5g}") if isinstance(value, float) else value
