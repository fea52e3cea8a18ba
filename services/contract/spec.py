"""What a client wants: the request as it came, and the ``Spec`` that a job carries.

A ``VideoRequest`` has only what was sent. ``resolve`` checks it against a cast, fills the cast's defaults and
gives a ``Spec`` in which nothing is left open, so that the same ``Spec`` always gives the same film.
"""

import secrets
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictStr

from services.contract.cast import CastManifest, Range, Size, Task
from services.contract.errors import InvalidRequest

MAX_SEED = 2**53 - 1  # the largest integer that every JSON client keeps exact


def _no_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("must be a number, not a boolean")
    return value


Number = Annotated[float, BeforeValidator(_no_bool)]
Integer = Annotated[int, BeforeValidator(_no_bool)]


class ServiceClass(StrEnum):
    """How a job waits: ``interactive`` jobs go first, ``batch`` jobs have a small share of the turns."""

    INTERACTIVE = "interactive"
    BATCH = "batch"


class VideoRequest(BaseModel):
    """Fields of ``POST /v1/videos`` but for the media. Numbers may come as strings, as forms send them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: StrictStr
    model: StrictStr | None = None
    seconds: Integer | None = None
    size: StrictStr | None = None
    seed: Integer | None = Field(default=None, ge=0, le=MAX_SEED)
    num_inference_steps: Integer | None = None
    guidance_scale: Number | None = None
    negative_prompt: StrictStr = ""
    fps: Integer | None = None
    audio: bool = True
    audio_prompt: StrictStr | None = None
    service_class: ServiceClass = ServiceClass.INTERACTIVE
    webhook_url: StrictStr | None = None
    webhook_secret: StrictStr | None = Field(default=None, repr=False)


class Spec(BaseModel):
    """A film, wholly determined."""

    model_config = ConfigDict(frozen=True)

    model: str
    cast: str
    task: Task
    prompt: str
    negative_prompt: str
    size: Size
    seconds: int
    fps: int
    seed: int
    steps: int
    guidance: float
    audio: bool
    audio_prompt: str | None
    input_reference: str | None = None
    """Storage key of the first frame."""

    @property
    def frames(self) -> int:
        return self.seconds * self.fps


def resolve(
    request: VideoRequest, cast: CastManifest, *, model: str, input_reference: str | None = None
) -> Spec:
    """Check ``request`` against ``cast`` and fill its defaults. Raises InvalidRequest naming the field."""
    for field in ("prompt", "negative_prompt", "audio_prompt"):
        _check_text(field, getattr(request, field), cast.max_prompt_chars)
    if not request.prompt.strip():
        raise InvalidRequest("prompt must not be empty", param="prompt")
    task: Task = "image" if input_reference else "text"
    if task not in cast.tasks:
        raise InvalidRequest(f"model {model} does not take an input_reference", param="input_reference")
    fps = _choice("fps", request.fps, cast.frame_rates)
    return Spec(
        model=model,
        cast=cast.name,
        task=task,
        prompt=request.prompt,
        negative_prompt=request.negative_prompt,
        size=_size(request.size, cast),
        seconds=_seconds(request.seconds, fps, cast),
        fps=fps,
        seed=secrets.randbelow(MAX_SEED) if request.seed is None else request.seed,
        steps=int(_within("num_inference_steps", request.num_inference_steps, cast.steps)),
        guidance=_within("guidance_scale", request.guidance_scale, cast.guidance),
        audio=request.audio,
        audio_prompt=request.audio_prompt,
        input_reference=input_reference,
    )


def _check_text(field: str, text: str | None, limit: int) -> None:
    if text is not None and len(text) > limit:
        raise InvalidRequest(f"{field} has {len(text)} characters; at most {limit} are taken", param=field)
    if text is not None and any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidRequest(f"{field} has half of a surrogate pair", param=field)


def _choice(field: str, value: int | None, choices: tuple[int, ...]) -> int:
    if value is None:
        return choices[0]
    if value not in choices:
        raise InvalidRequest(f"{field} must be one of {', '.join(map(str, choices))}", param=field)
    return value


def _size(name: str | None, cast: CastManifest) -> Size:
    size = cast.size(name or cast.default_size)
    if size is None:
        offered = ", ".join(size.name for size in cast.sizes)
        raise InvalidRequest(f"size must be one of {offered}", param="size")
    return size


def _seconds(value: int | None, fps: int, cast: CastManifest) -> int:
    longest = min(int(cast.seconds.maximum), cast.max_frames // fps)
    shortest = int(cast.seconds.minimum)
    seconds = int(cast.seconds.default) if value is None else value
    if not shortest <= seconds <= longest:
        raise InvalidRequest(f"seconds must be {shortest} to {longest} at {fps} fps", param="seconds")
    return seconds


def _within(field: str, value: float | None, allowed: Range) -> float:
    chosen = allowed.default if value is None else value
    if not allowed.minimum <= chosen <= allowed.maximum:  # neither is NaN
        raise InvalidRequest(f"{field} must be {allowed.minimum:g} to {allowed.maximum:g}", param=field)
    return chosen
