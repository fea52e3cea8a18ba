"""Bars of all recipes at work, read from their journals, for a run that is watched at a terminal."""

import json
import sys
import time
from pathlib import Path

from training.recipes.bar import line

EVERY_S = 1.0
TAIL_BYTES = 4096


def last(path: Path) -> dict[str, float]:
    """The last line of a journal that says how far its recipe is; empty if there is none."""
    if not path.exists():
        return {}
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        lines = file.read().decode(errors="ignore").splitlines()
    for text in reversed(lines):
        if '"part"' in text and text.startswith("{") and text.endswith("}"):
            row: dict[str, float] = json.loads(text)
            return row
    return {}


class Watch:
    """Draws a bar for each recipe, below what is said."""

    def __init__(self, work: Path, recipes: tuple[str, ...]) -> None:
        self.work, self.recipes = work, recipes
        self.on = sys.stderr.isatty()
        self.lines, self.drawn = 0, 0.0

    def draw(self) -> None:
        """The bars, once a second."""
        if not self.on or time.monotonic() - self.drawn < EVERY_S:
            return
        self.drawn = time.monotonic()
        rows = {name: last(self.work / f"{name}.jsonl") for name in self.recipes}
        bars = [line(name, row["part"], row, row["elapsed_s"]) for name, row in rows.items() if row]
        self.clear()
        print("\n".join(bars), end="\n" * bool(bars), file=sys.stderr, flush=True)
        self.lines = len(bars)

    def clear(self) -> None:
        """Take the bars away."""
        if self.lines:
            print(f"\x1b[{self.lines}F\x1b[J", end="", file=sys.stderr, flush=True)
        self.lines = 0
