"""Types of arrays, and the function by which a loop runs its network."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Array = npt.NDArray[Any]

Network = Callable[[Mapping[str, Array]], Floats]
"""Runs a transformer on its inputs by name and gives its velocity."""
