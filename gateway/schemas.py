"""What clients get to see."""

from typing import Literal, Self

from pydantic import BaseModel, Field

from services.contract.cast import CastManifest, Range, Task
from services.contract.job import Facts, Job, Stage, Status, Told
from services.contract.spec import ServiceClass


class ErrorBody(BaseModel):
    """What is wrong, and with which field."""

    message: str
    type: str
    code: str | None
    param: str | None


class ErrorReply(BaseModel):
    """Every answer with a status of 400 or above."""

    error: ErrorBody


class VideoError(BaseModel):
    """Why a video failed."""

    code: str
    message: str
    param: str | None = None
    type: str | None = None


class Video(BaseModel):
    """A job: the hosted API's fields first, then ours. Times are Unix seconds."""

    id: str
    object: Literal["video"] = "video"
    model: str
    status: Status
    progress: int = Field(ge=0, le=100)
    created_at: int
    completed_at: int | None
    expires_at: int | None
    prompt: str
    remixed_from_video_id: str | None = None
    seconds: str
    size: str
    error: VideoError | None
    seed: int
    num_inference_steps: int
    guidance_scale: float
    negative_prompt: str
    fps: int
    audio: bool
    audio_prompt: str | None
    stage: Stage | None
    step: int | None
    total_steps: int | None
    service_class: ServiceClass
    queue_position: int | None = Field(description="0 is next to be taken; null when not queued")
    eta_s: float | None = Field(description="seconds to completion, from measured jobs; null when unknown")
    webhook_url: str | None = None
    webhook_status: Told | None = Field(default=None, description="null where the order brought no webhook")
    facts: Facts | None = Field(description="measured from the finished file")

    @classmethod
    def of(cls, job: Job, queue_position: int | None, eta_s: float | None) -> Self:
        """``job`` as its owner sees it."""
        own = next((target for target in job.webhooks if target.of == "job"), None)
        spec, progress = job.spec, job.progress if job.status is Status.IN_PROGRESS else None
        return cls(
            id=job.id,
            model=spec.model,
            status=job.status,
            progress=_percent(job),
            created_at=int(job.created_at),
            completed_at=_whole(job.completed_at),
            expires_at=_whole(job.expires_at),
            prompt=spec.prompt,
            seconds=str(spec.seconds),
            size=spec.size.name,
            error=_error(job),
            seed=spec.seed,
            num_inference_steps=spec.steps,
            guidance_scale=spec.guidance,
            negative_prompt=spec.negative_prompt,
            fps=spec.fps,
            audio=spec.audio,
            audio_prompt=spec.audio_prompt,
            stage=progress.stage if progress else None,
            step=progress.step if progress else None,
            total_steps=progress.total_steps if progress else None,
            service_class=job.service_class,
            queue_position=queue_position,
            eta_s=eta_s,
            webhook_url=own.url if own else None,
            webhook_status=job.told if own else None,
            facts=job.result.facts if job.result else None,
        )


def _percent(job: Job) -> int:
    if job.status is Status.COMPLETED:
        return 100
    return job.progress.percent if job.progress and job.status is not Status.QUEUED else 0


def _whole(moment: float | None) -> int | None:
    return None if moment is None else int(moment)


def _error(job: Job) -> VideoError | None:
    if job.failure is None:
        return None
    kind = "invalid_request_error" if job.failure.code == "invalid_input" else "job_error"
    return VideoError(code=job.failure.code, message=job.failure.message, param=job.failure.param, type=kind)


class VideoPage(BaseModel):
    """A page of videos. ``last_id`` is the ``after`` of the next one."""

    object: Literal["list"] = "list"
    data: list[Video]
    first_id: str | None
    last_id: str | None
    has_more: bool


class VideoDeleted(BaseModel):
    """A video that is gone."""

    id: str
    object: Literal["video.deleted"] = "video.deleted"
    deleted: Literal[True] = True


class ModelSize(BaseModel):
    """A size on offer. ``native`` where the networks work at it without upsampling. Pixels."""

    name: str
    width: int
    height: int
    native: bool


class ModelSound(BaseModel):
    """The sound of a cast."""

    sample_rate_hz: int
    steps: int


class Model(BaseModel):
    """A cast under one of its names, with everything that a request may choose."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: Literal["moviola"] = "moviola"
    cast: str
    description: str
    tasks: tuple[Task, ...]
    sizes: list[ModelSize]
    default_size: str
    seconds: Range
    max_seconds: dict[str, int] = Field(description="longest film by frame rate")
    frame_rates: tuple[int, ...] = Field(description="the first is the default")
    max_prompt_chars: int
    num_inference_steps: Range
    guidance_scale: Range
    sound: ModelSound

    @classmethod
    def of(cls, name: str, cast: CastManifest) -> Self:
        """``cast`` as it is offered under ``name``."""
        longest = int(cast.seconds.maximum)
        return cls(
            id=name,
            created=cast.created,
            cast=cast.name,
            description=cast.description,
            tasks=cast.tasks,
            sizes=[
                ModelSize(name=size.name, width=size.width, height=size.height, native=size.is_base)
                for size in cast.sizes
            ],
            default_size=cast.default_size,
            seconds=cast.seconds,
            max_seconds={str(fps): min(longest, cast.max_frames // fps) for fps in cast.frame_rates},
            frame_rates=cast.frame_rates,
            max_prompt_chars=cast.max_prompt_chars,
            num_inference_steps=cast.steps,
            guidance_scale=cast.guidance,
            sound=ModelSound(sample_rate_hz=cast.sound.sample_rate_hz, steps=cast.sound.steps),
        )


class ModelPage(BaseModel):
    """All models."""

    object: Literal["list"] = "list"
    data: list[Model]


class Health(BaseModel):
    """``parts``: null for a part that works, else what is wrong with it."""

    status: Literal["ok", "unavailable", "draining"]
    parts: dict[str, str | None] = {}
