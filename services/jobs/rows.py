"""A job as fields of a Redis hash, and back."""

import json
from collections.abc import Mapping, Sequence

from services.contract.job import Job, Progress, Stage

MAX_UNITS = 10**9
"""More than any stage has."""

_ORDER = {"id", "tenant", "spec", "created_at", "service_class", "webhooks"}
_PLAIN = ("status", "attempt", "started_at", "completed_at", "expires_at", "told")
_NESTED = ("progress", "result", "failure")


def order(job: Job) -> str:
    """The part of a job that never changes, as JSON."""
    return job.model_dump_json(include=_ORDER)


def amounts(units: Mapping[Stage, float]) -> str:
    """Units of work by stage, as JSON."""
    return json.dumps({stage.value: amount for stage, amount in units.items()})


def reach(progress: Progress) -> int:
    """How far a job has come, as a number that grows with every unit whose loss costs work. What a new
    attempt does anew in any case counts for nothing."""
    stages = (Stage.SAMPLE, Stage.DECODE, Stage.SOUND, Stage.MUX)
    if progress.stage not in stages:
        return 0
    return stages.index(progress.stage) * MAX_UNITS + progress.step


def fields(reply: Sequence[bytes]) -> dict[str, str]:
    """What HGETALL answers inside a script: names and values in turn."""
    words = [word.decode() for word in reply]
    return dict(zip(words[::2], words[1::2], strict=True))


def decoded(reply: Mapping[bytes | str, bytes | str]) -> dict[str, str]:
    """What HGETALL answers to a client."""
    return {_text(name): _text(value) for name, value in reply.items()}


def _text(word: bytes | str) -> str:
    return word.decode() if isinstance(word, bytes) else word


def job(row: Mapping[str, str]) -> Job:
    """The job of a row."""
    plain = {name: row[name] for name in _PLAIN if name in row}
    nested = {name: json.loads(row[name]) for name in _NESTED if name in row}
    return Job.model_validate({**json.loads(row["order"]), **plain, **nested})
