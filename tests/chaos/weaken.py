"""Switches that take a defence away, to see that the suite then finds the loss."""

import threading
from collections.abc import Callable

import pytest

from services.contract.job import Job
from services.jobs import scripts
from services.jobs.intents import Intent
from services.jobs.ledger import Ledger
from services.jobs.sweeper import Sweeper
from workers.heartbeat import Heartbeat
from workers.marks import Makers

LATE_S = 0.5


def sweeper(patch: pytest.MonkeyPatch) -> None:
    """Nobody mends what crashes left."""
    patch.setattr(Sweeper, "start", lambda self: None)


def fencing(patch: pytest.MonkeyPatch) -> None:
    """Every token is worth as much as the current one, at any time."""
    source = scripts._source
    check = "if field(id, 'token') ~= token then return 'lost' end"
    status = "return field(id, 'status') == 'in_progress' and 'held' or 'lost'"

    def without(name: str) -> str:
        text = source(name)
        assert check in text
        assert status in text
        return text.replace(check, "").replace(status, "return is(row(id)) and 'held' or 'lost'")

    patch.setattr(scripts, "_source", without)


def clock_watch(patch: pytest.MonkeyPatch) -> None:
    """No sweep notices that Redis's clock was set."""
    source, call = scripts._source, "watch_clock(now, lease)\nlocal returned"

    def without(name: str) -> str:
        text = source(name)
        assert name != "sweep" or call in text
        return text.replace(call, "{}\nlocal returned")

    patch.setattr(scripts, "_source", without)


def makers_mark(patch: pytest.MonkeyPatch) -> None:
    """All work of earlier attempts is taken, whoever made it."""
    patch.setattr(Makers, "mark", lambda self, cast: "any")
    patch.setattr(Makers, "check", lambda self: None)


def renewal(patch: pytest.MonkeyPatch) -> None:
    """No lease is renewed while a stage is silent."""
    patch.setattr(Heartbeat, "_run", lambda self: None)


def ledger_first(patch: pytest.MonkeyPatch) -> None:
    """The answer goes out before the row is written."""
    create = Ledger.create

    def later(self: Ledger, job: Job, intent: Intent | None = None) -> Job:
        threading.Timer(LATE_S, create, (self, job, intent)).start()
        return job

    patch.setattr(Ledger, "create", later)


def fsync(patch: pytest.MonkeyPatch) -> None:
    """Redis answers before its writes are on disk: ``processes.Stack`` starts it so. Nothing changes here."""


DEFENCES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "sweeper": sweeper,
    "fencing": fencing,
    "clock-watch": clock_watch,
    "mark": makers_mark,
    "renewal": renewal,
    "ledger-first": ledger_first,
    "fsync": fsync,
}
