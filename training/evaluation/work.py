"""Where the films of an evaluation lie, and who makes those that are missing."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.contract.errors import ConfigurationError
from training.evaluation.api import Client
from training.evaluation.film import Film, read
from training.evaluation.networks import Networks
from training.evaluation.whole import whole
from training.world.chance import Film as Format

FORMAT = Format(32, 16, 16 / 9)
WIDTH, HEIGHT = 256, 144
SECONDS = 2
FIRST_SEED = 700_000
SEEDS_APART = 10_000


def scene_seeds(seed: int, n: int) -> range:
    """Seeds of the first n held-out scenes that `seed` chooses."""
    first = FIRST_SEED + SEEDS_APART * seed
    return range(first, first + n)


@dataclass(frozen=True)
class Work:
    """A folder of films made by `networks` or through `client()`; `seed` chooses the scenes.

    `check` raises where what was just made must not be kept.
    """

    folder: Path
    networks: Networks
    client: Callable[[], Client]
    seed: int
    say: Callable[[str], None]
    check: Callable[[], None] = lambda: None

    def scene_seeds(self, n: int) -> range:
        """Seeds of the first n held-out scenes."""
        return scene_seeds(self.seed, n)

    def film(self, section: str, seed: int, fields: dict[str, Any], first: bytes | None = None) -> Film:
        """The film of a section, through the API if it is not there yet."""
        path = self._path(section, seed, "mp4")
        if not path.exists():
            self.say(f"{section} {seed}: {fields['prompt']}")
            with whole(path) as part:
                self.client().film(fields, part, first)
                self.check()
        return read(path)

    def made(
        self, section: str, seed: int, make: Callable[[], dict[str, NDArray[Any]]]
    ) -> dict[str, NDArray[Any]]:
        """The arrays of a section, made if they are not there yet."""
        path = self._path(section, seed, "npz")
        if not path.exists():
            self.say(f"{section} {seed}")
            arrays = make()
            self.check()
            with whole(path) as part, part.open("wb") as file:
                np.savez_compressed(file, **arrays)
            return arrays
        with np.load(path) as kept:
            return dict(kept)

    def has(self, section: str, seed: int) -> bool:
        """Whether the film or the arrays are there."""
        return any(self._path(section, seed, kind).exists() for kind in ("mp4", "npz"))

    def claim(self, asked: str) -> None:
        """Marks the folder with what its films are made by and were asked for.

        Raises ConfigurationError if it is another's.
        """
        about = {"weights": self.networks.digest(), "asked": asked, "seed": self.seed}
        path = self.folder / "made-by.json"
        self.folder.mkdir(parents=True, exist_ok=True)
        if path.exists() and json.loads(path.read_text()) != about:
            raise ConfigurationError(
                f"{self.folder} holds films of other weights, orders or seeds: choose another"
            )
        with whole(path) as part:
            part.write_text(json.dumps(about) + "\n")

    def _path(self, section: str, seed: int, kind: str) -> Path:
        return self.folder / section.replace(" ", "-") / f"{seed}.{kind}"
