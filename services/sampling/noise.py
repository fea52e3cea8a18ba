"""The noise that a film begins with."""

from enum import IntEnum

import numpy as np

from services.sampling.arrays import Floats


class Stream(IntEnum):
    """What the noise is for: the same seed gives independent noise to each."""

    PICTURE = 0
    SOUND = 1
    LAYOUT = 2


def noise(shape: tuple[int, ...], seed: int, stream: Stream) -> Floats:
    """Standard normal float32 of ``shape``, wholly determined by ``seed`` (>= 0) and ``stream``."""
    generator = np.random.Generator(np.random.PCG64([seed, stream]))
    return generator.standard_normal(shape, dtype=np.float32)
