"""Runs the Lua steps. A step either happens wholly or not at all, whatever dies meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import redis
from redis.commands.core import Script

from services.contract.errors import LedgerUnavailable

PREFIX = "moviola:"
SHARED = ("keys", "outbox", "turns", "rows", "clock", "next", "ahead", "intents")
"""Put before every step: definitions, which cost nothing until they are called."""


@contextmanager
def answering() -> Iterator[None]:
    """Raises LedgerUnavailable for every error of Redis."""
    try:
        yield
    except redis.RedisError as error:
        raise LedgerUnavailable(f"Redis: {error}") from error


class Scripts:
    """The steps in ``lua/`` by name, loaded when first run."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._loaded: dict[str, Script] = {}

    def run(self, name: str, *args: str | int | float) -> list[Any]:
        """The reply of the step ``name``: lists, integers and bytes. Raises LedgerUnavailable.

        redis-py sends a step again where the connection broke before the reply: each step must stand that.
        """
        script = self._loaded.get(name)
        if script is None:
            script = self._loaded[name] = self._client.register_script(_source(name))
        with answering():
            reply: list[Any] = script(keys=[PREFIX], args=args)
            return reply


def _source(name: str) -> str:
    folder = files("services.jobs.lua")
    return "\n".join((folder / f"{part}.lua").read_text("utf-8") for part in (*SHARED, name))
