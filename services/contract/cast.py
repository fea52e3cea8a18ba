"""Cast manifest: everything that the stack needs to know of a cast of networks."""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from services.contract.errors import ConfigurationError
from services.contract.tokenizer import Tokenizer

Task = Literal["text", "image", "continuation", "edit", "character"]
TASKS: tuple[Task, ...] = ("text", "image", "continuation", "edit", "character")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Range(_Frozen):
    """Closed range of a number that a client may choose, with the default."""

    default: float
    minimum: float
    maximum: float


class Size(BaseModel):
    """A size that a client may ask for, and the one the transformer works at. Pixels.

    It is in rows, too, where a later version may have written more.
    """

    model_config = ConfigDict(frozen=True)

    width: int
    height: int
    base_width: int
    base_height: int

    @property
    def name(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def is_base(self) -> bool:
        return (self.width, self.height) == (self.base_width, self.base_height)


class VideoLatents(_Frozen):
    """Geometry of the temporal autoencoder (paper, section 3.1.1).

    ``portrait`` is the side, in latents, of the square picture in which a character is shown.
    """

    channels: int = 16
    time: int = 8
    space: int = 8
    tile: int = 4
    overlap: int = 2
    portrait: int = 12

    def shape(self, frames: int, size: Size) -> tuple[int, int, int]:
        """Latent (T, h, w) of ``frames`` frames at the base of ``size``."""
        return -(-frames // self.time), size.base_height // self.space, size.base_width // self.space


class Sound(_Frozen):
    """Geometry and defaults of the sound half of a cast (paper, section 6)."""

    sample_rate_hz: int = 48_000
    latents_per_s: int = 25
    channels: int = 32
    visual_px: int = 96
    steps: int = 32
    guidance: float = 3.0

    def latents(self, frames: int, fps: int) -> int:
        """Latents that cover ``frames`` frames."""
        return -(-frames * self.latents_per_s // fps)


class CastManifest(_Frozen):
    """A named set of networks with its geometry, limits and defaults."""

    name: str
    family: str
    description: str
    created: int
    tasks: tuple[Task, ...]
    sizes: tuple[Size, ...]
    default_size: str
    seconds: Range
    frame_rates: tuple[int, ...]
    max_frames: int
    max_prompt_chars: int = 32_000
    steps: Range
    guidance: Range
    latents: VideoLatents
    sound: Sound
    text: Tokenizer

    @model_validator(mode="after")
    def _default_size_is_offered(self) -> Self:
        if self.size(self.default_size) is None:
            raise ValueError(f"default size {self.default_size} is not among the sizes")
        return self

    def size(self, name: str) -> Size | None:
        """The size called ``WxH``, or None where the cast does not offer it."""
        return next((size for size in self.sizes if size.name == name), None)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a manifest (JSON). Raises ConfigurationError where it is missing or wrong."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise ConfigurationError(f"cast manifest {path}: {error}") from error
