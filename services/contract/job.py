"""A job: a client's order and how far it has come.

queued ──claim──> in_progress ──commit──> completed
  │  ^                 │  │
  │  └──give back──────┘  └──fail──> failed   (also from queued: cancel)
  └───────────────────────────────────^
"""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.contract.spec import ServiceClass, Spec


class Status(StrEnum):
    """The four words that clients of the Videos API know. Any other ends their polling."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        return self in (Status.COMPLETED, Status.FAILED)


class Stage(StrEnum):
    """Parts of a job, in order."""

    ENCODE = "encode"
    SAMPLE = "sample"
    DECODE = "decode"
    SOUND = "sound"
    MUX = "mux"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Failure(_Frozen):
    """Why a job failed, as its owner sees it."""

    code: str
    message: str
    param: str | None = None


class SoundFacts(_Frozen):
    """Measured from the finished file. Loudness is integrated LUFS (ITU-R BS.1770), None for silence."""

    codec: str
    sample_rate_hz: int
    channels: int
    duration_s: float
    start_s: float
    loudness_lufs: float | None


class Facts(_Frozen):
    """Measured from the finished file, not copied from the order."""

    width: int
    height: int
    frames: int
    fps: float
    duration_s: float
    start_s: float
    video_codec: str
    pixel_format: str
    size_bytes: int
    sha256: str
    sound: SoundFacts | None
    av_offset_s: float
    """End of the sound minus end of the picture; 0 without sound."""


class Result(_Frozen):
    """Storage keys of what a job made."""

    video: str
    thumbnail: str
    spritesheet: str
    facts: Facts


class Progress(_Frozen):
    """How far an attempt has come. ``step`` of ``total_steps`` counts finished units of the stage:
    denoising steps in ``sample`` and ``sound``, frames in ``decode``."""

    stage: Stage
    step: int
    total_steps: int
    percent: int
    """0 to 100 over all stages; never falls within an attempt."""


class Target(_Frozen):
    """A webhook of a job: ``url`` is told when the job is final. ``secret`` is the order's own
    (``whsec_...``); without one the account's signs."""

    of: Literal["job", "account"]
    url: str
    secret: str | None = Field(default=None, repr=False)


class Told(StrEnum):
    """How far the webhook of a job's own has come."""

    PENDING = "pending"
    DELIVERED = "delivered"
    GONE = "gone"
    """The receiver wants no more (410)."""
    GIVEN_UP = "given_up"


class Job(_Frozen):
    """A row of the ledger. Times are Unix seconds."""

    id: str
    tenant: str
    spec: Spec
    status: Status
    created_at: float
    service_class: ServiceClass = ServiceClass.INTERACTIVE
    attempt: int = 0
    progress: Progress | None = None
    started_at: float | None = None
    completed_at: float | None = None
    expires_at: float | None = None
    result: Result | None = None
    failure: Failure | None = None
    webhooks: tuple[Target, ...] = ()
    told: Told = Told.PENDING
