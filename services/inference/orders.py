"""What a worker asks of the sampling loops, and what they answer.

Shapes: L text tokens, D text width, T latent frames, h w latent height and width, F frames of the picture,
V width of visual features, C sound latent channels. All arrays are float32.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.contract.cast import Task

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Order:
    """What both loops need.

    text [2,L,D] and text_mask [2,L]: row 0 what to keep away from, row 1 what to show. ``latents`` are those
    after ``start_step`` finished steps; None begins with the noise of ``seed``. Latents come with every
    ``snapshot_every``-th step (0 for none) and with the last.
    """

    text: Floats
    text_mask: Floats
    seed: int
    steps: int
    guidance: float
    snapshot_every: int = 0
    latents: Floats | None = None
    start_step: int = 0


@dataclass(frozen=True, kw_only=True)
class VideoOrder(Order):
    """Latents [C,T,h,w] of a picture. ``shape`` is (T, h, w); ``condition`` [C,n,h,w] its first latents.
    ``character`` [C,S,S] are those of the portrait of a character, without a ``condition``."""

    shape: tuple[int, int, int]
    condition: Floats | None = None
    character: Floats | None = None

    @property
    def task(self) -> Task:
        """What the transformer is to do."""
        if self.character is not None:
            return "character"
        return "text" if self.condition is None else "image"


@dataclass(frozen=True, kw_only=True)
class AudioOrder(Order):
    """Latents [C,length] of the sound to a picture of ``fps``, whose frames have ``features`` [F,V].

    There are ``latents_per_s`` latents in a second of sound.
    """

    features: Floats
    fps: float
    length: int
    latents_per_s: float = 25.0


@dataclass(frozen=True)
class Tile:
    """A temporal tile of a picture: RGB ``frames`` [n,H,W,3] that it finishes, and the ``tail`` [m,H,W,3]
    that the next one needs; the last leaves an empty one."""

    frames: Bytes
    tail: Bytes


@dataclass(frozen=True)
class SampleEvent:
    """``step`` steps of the whole loop are finished. ``latents`` are None where no snapshot was due."""

    step: int
    latents: Floats | None
