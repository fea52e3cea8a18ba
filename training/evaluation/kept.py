"""What was measured of each scene, kept as it comes: a run that is stopped has lost nothing of it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from services.contract.errors import InputError
from training.evaluation.tally import Tally
from training.evaluation.whole import whole

TRAINING = Path(__file__).parents[1]
# What a measured number depends on, beside the film.
MEASURES = ("axes", "changes", "film", "films", "networks", "parts", "tally", "wanted", "work")


@dataclass(frozen=True)
class Kept:
    """A file for each scene of a section under `folder`; `code` names the measures by which they came about.

    What came about by others is not there for anybody who asks.
    """

    folder: Path
    code: str

    def put(self, section: str, seed: int, tally: Tally) -> None:
        """Keep what was observed of a scene."""
        text = json.dumps({"measures": self.code, **tally.data})
        with whole(self._path(section, seed)) as part:
            part.write_text(text + "\n")

    def has(self, section: str, seed: int) -> bool:
        """Whether the scene has been measured."""
        return self._path(section, seed).exists() and self._read(section, seed) is not None

    def tallies(self, section: str) -> dict[int, Tally]:
        """All that is kept of a section, by scene."""
        found = ((seed, self._read(section, seed)) for seed in sorted(self._seeds(section)))
        return {seed: tally for seed, tally in found if tally is not None}

    def outdated(self, section: str) -> int:
        """How many scenes have been measured by other code."""
        return sum(1 for _ in self._seeds(section)) - len(self.tallies(section))

    def _seeds(self, section: str) -> Iterable[int]:
        return (int(path.stem) for path in self._path(section, 0).parent.glob("*.json"))

    def _read(self, section: str, seed: int) -> Tally | None:
        path = self._path(section, seed)
        try:
            data = json.loads(path.read_text())
            return Tally.of(data) if data["measures"] == self.code else None
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(f"{path} is no result of an evaluation: {error}") from error

    def _path(self, section: str, seed: int) -> Path:
        return self.folder / section.replace(" ", "-") / f"{seed}.json"


def measures_digest(training: Path = TRAINING) -> str:
    """A name of the code that measures, of the world that it measures against, and of its numbers."""
    files = [training / "evaluation" / f"{name}.py" for name in MEASURES]
    for package in ("measures", "world"):
        files += sorted(path for path in (training / package).iterdir() if path.suffix in (".py", ".json"))
    digest = sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:8]
