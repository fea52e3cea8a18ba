from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from training.world.chance import Film, Wanted, sample_scene
from training.world.render import render
from training.world.scene import Scene

FILM = Film(32, 16, 16 / 9)
Frames = NDArray[np.uint8]
Shoot = Callable[..., tuple[Scene, Frames]]


@pytest.fixture(scope="session")
def shoot() -> Shoot:
    """Scenes as wanted, plain unless said otherwise, with their films at base size."""

    def make(seed: int, **wanted: object) -> tuple[Scene, Frames]:
        plain: dict[str, object] = {"style": "plain", "weather": "none", "fire": False, "count": 1}
        scene = sample_scene(seed, FILM, wanted=Wanted(**{**plain, **wanted}))  # type: ignore[arg-type]
        return scene, render(scene, 144, 256)

    return make
