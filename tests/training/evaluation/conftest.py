from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from services.local.stack import ROOT
from training.evaluation.film import Film
from training.evaluation.intervals import Estimate
from training.evaluation.networks import Networks
from training.evaluation.tally import Tally, total
from training.evaluation.work import Work

Maker = Callable[[str, int], NDArray[np.uint8]]


class Made(Work):
    """Work whose films come from a function of section and seed, with no network."""

    maker: Maker
    sound: Callable[[int], NDArray[np.float32]]

    def film(self, section: str, seed: int, fields: dict[str, Any], first: bytes | None = None) -> Film:
        return Film(type(self).maker(section, seed), 16.0, type(self).sound(seed))

    def made(self, section: str, seed: int, make: Any) -> dict[str, NDArray[Any]]:
        if section == "sound":
            return {"sound": type(self).sound(seed)}
        return {"frames": type(self).maker(section, seed)}


@pytest.fixture
def estimated() -> Callable[..., dict[str, Estimate]]:
    """What a section's measure finds in the first n scenes of some work."""

    def estimate(measure: Callable[[Work, int], Tally], work: Work, n: int) -> dict[str, Estimate]:
        return total(measure(work, seed) for seed in work.scene_seeds(n)).estimates()

    return estimate


@pytest.fixture
def work_of(tmp_path: Path) -> Callable[..., Work]:
    """Work on films of a function."""

    def silent(_seed: int) -> NDArray[np.float32]:
        return np.zeros(0, np.float32)

    def build(maker: Maker, sound: Callable[[int], NDArray[np.float32]] = silent) -> Work:
        kind = type("Made", (Made,), {"maker": staticmethod(maker), "sound": staticmethod(sound)})

        def no_client() -> Any:
            raise AssertionError("nothing is to be made")

        work: Work = kind(tmp_path, Networks.of(ROOT), no_client, 0, lambda _line: None)
        return work

    return build
