"""What a run of all recipes has done so far: started again after it was killed, it goes on from there."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from services.contract.errors import ConfigurationError
from training.lineage import code, weights_in
from training.plan import Run

NAME = "run.json"


@dataclass
class Diary:
    """Seconds that went into a run, and the recipes that have ended (well, or for good).

    `began` are digests of the weights that lay in the folder at the beginning, `codes` are those of the code
    then and, where it had changed, when the run went on.
    """

    path: Path
    facts: dict[str, object]
    spent_s: float = 0.0
    ended: list[str] = field(default_factory=list)
    began: dict[str, str] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)

    def write(self) -> None:
        """Keep it on the disk."""
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps({**asdict(self), "path": self.path.name}) + "\n")
        os.replace(draft, self.path)

    def end(self, recipe: str) -> None:
        """A recipe has ended."""
        self.ended.append(recipe)
        self.write()


def opened(run: Run, anew: bool) -> Diary:
    """The diary of a run: as it was left, or a fresh one.

    Raises ConfigurationError where another run is unfinished.
    """
    path = run.work / NAME
    now = code()
    fresh = Diary(path, run.facts(), began=weights_in(run.work), codes=[now])
    if not path.exists() or anew:
        if anew:
            for state in run.work.glob("*.state"):
                state.unlink()
        return fresh
    said = json.loads(path.read_text())
    if said["facts"] == fresh.facts:
        codes = said["codes"] + [now] * (now != said["codes"][-1])
        return Diary(path, fresh.facts, said["spent_s"], said["ended"], said["began"], codes)
    if set(said["facts"]["recipes"]) - set(said["ended"]):
        raise ConfigurationError(f"{path}: a run with other options is unfinished; --anew gives it up")
    return fresh
