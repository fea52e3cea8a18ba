"""The next version, as one may well be: it writes more into everything, keeps its work in another format, and
has other weights. Put around this one's functions, as ``weaken`` is."""

import json
import os
from typing import Any

import pytest
from celery import Celery

from services.jobs import scripts
from services.jobs.queue import RENDER
from tests.chaos.engine import NEXT
from workers import marks

ENV = {"CHAOS_VERSION": "next", "CHAOS_WEIGHTS": str(NEXT)}
"""Makes a process one of the next version."""
THIS = {"CHAOS_VERSION": "this", "CHAOS_WEIGHTS": "0"}
OBJECTS = ("create", "renew", "retry", "complete", "fail")
"""Steps that are given JSON objects to keep."""
NOVELTY = "novelty"


def version() -> str:
    """That of this process."""
    return os.environ.get("CHAOS_VERSION", "this")


def become(version: str, patch: pytest.MonkeyPatch) -> None:
    """Be of the next version, if that is asked for."""
    if version == "next":
        _write_more(patch)
        _say_more(patch)
        patch.setattr(marks, "FORMAT", marks.FORMAT + 1)


def _write_more(patch: pytest.MonkeyPatch) -> None:
    """Rows and deliveries have fields more, and so has each JSON object in them."""
    run, source = scripts.Scripts.run, scripts._source

    def running(self: scripts.Scripts, name: str, *args: Any) -> list[Any]:
        return run(self, name, *(map(_richer, args) if name in OBJECTS else args))

    def with_more(name: str) -> str:
        text = source(name)
        for known in ("redis.call('HSET', row(id), ...", "redis.call('HSET', delivery(one), 'event'"):
            assert known in text
            start, comma, first = known.rpartition(", ")
            text = text.replace(known, f"{start}{comma}'{NOVELTY}', '1', {first}")
        return text

    patch.setattr(scripts.Scripts, "run", running)
    patch.setattr(scripts, "_source", with_more)


def _richer(argument: Any) -> Any:
    if not isinstance(argument, str) or not argument.startswith("{") or '"max_running"' in argument:
        return argument
    known = json.loads(argument)
    # Amounts of work by stage: a new stage is no new field.
    return argument if "encode" in known else json.dumps(_with_novelty(known))


def _with_novelty(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_novelty(one) for one in value]
    if isinstance(value, dict):
        return {name: _with_novelty(one) for name, one in value.items()} | {NOVELTY: {"of": "the next"}}
    return value


def _say_more(patch: pytest.MonkeyPatch) -> None:
    """Messages carry an argument more."""
    send: Any = Celery.send_task

    def sending(self: Celery, name: str, *args: Any, **options: Any) -> Any:
        more = {"kwargs": {NOVELTY: 1}, "headers": {NOVELTY: "1"}} if name == RENDER else {}
        return send(self, name, *args, **options | more)

    patch.setattr(Celery, "send_task", sending)
