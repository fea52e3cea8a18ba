"""One job per intent: how a request that comes again is told from a new one.

*With a key* the record of it says which job was made and of which payload. It is written in the same step as
the row. Before, it holds the key for ``BUSY_S``, again and again while the first request is being handled: so
long a gateway's crash keeps it busy. Should that not be in time and another with the key be let in, the first
to write its row wins, and the other is given that job.

*Without a key*, clients made by Stainless (the OpenAI SDK is one) say in ``x-stainless-retry-count`` how
often they have sent this request before. Number 0 always makes a new job, and leaves the id that it is given
under payload, tenant and kind of client (the *slot*). A retry takes over an id that was left there by an
earlier number: the highest first, among those alike one whose request made no row yet (it was refused, cut
off or is still under way), then the newest. What it takes bears its own number from then on, so that no other
retry of that number takes it, too. So N like orders at once, each cut off or refused at any point, make N
jobs. The window outlasts the SDK's default timeout (600 s), after which it would notice at last that an
answer was lost. Limits, all of them within that window and for orders that are alike in every byte:

- a retry whose first attempt never reached us, beside a like order that did get its answer, is given that
  order's job: one job instead of two;
- a retry of a lost answer, beside a like order made later that did get its answer, may be given that order's
  job, too: two jobs, one of which nobody has heard of;
- a retry of a lost answer, beside a like order that was refused less than ``PATIENCE_S`` ago and that nobody
  repeats, makes a second job;
- answers that were lost to a client that says no number, or to the application itself, are not seen at all.

Whoever cannot live with these sends a key, or a seed of its own with each order.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal

from services.contract.errors import Conflict, InFlight, LedgerUnavailable, NotFound, Unprocessable
from services.contract.job import Job
from services.jobs import rows
from services.jobs.scripts import Scripts

PARAM = "idempotency-key"
BUSY_S = 5.0
PATIENCE_S = 90
"""Longer than any refusal asks a client to wait (60 s), so that who was refused finds its id again."""
RETRY_WINDOW_S = 11 * 60
RETRY_IN_FLIGHT_AFTER_S = 1


@dataclass(frozen=True)
class Intent:
    """What a request says of itself. ``payload``: a fingerprint of all that was sent. ``retry``: which
    attempt it is, None where the client does not say. ``client``: what stays the same over a client's
    attempts."""

    tenant: str
    payload: str
    key: str | None = None
    retry: int | None = None
    client: str = ""

    @property
    def kind(self) -> Literal["key", "retry", ""]:
        """A key counts, whatever else the client says."""
        if self.key is not None:
            return "key"
        return "" if self.retry is None else "retry"

    @property
    def slot(self) -> str:
        """Where its record is."""
        words = (self.tenant, self.key) if self.key is not None else (self.tenant, self.payload, self.client)
        return hashlib.sha256("\0".join(words).encode()).hexdigest()


class Intents:
    """The records in Redis. Every method raises LedgerUnavailable."""

    def __init__(self, scripts: Scripts, key_ttl_s: int) -> None:
        self._scripts = scripts
        self._key_ttl_ms = int(key_ttl_s * 1000)

    def begin(self, intent: Intent, own_id: str) -> tuple[str, Job | None]:
        """The id under which the job is to be made, which may be an earlier attempt's, and the job where it
        is made already. ``own_id`` is new with each request.

        Raises InFlight, Unprocessable for a key of another payload, NotFound where its job is deleted."""
        if not intent.kind:
            return own_id, None
        reply = self._scripts.run(
            "begin",
            intent.kind,
            intent.slot,
            intent.payload,
            own_id,
            intent.retry or 0,
            int((BUSY_S if intent.kind == "key" else PATIENCE_S) * 1000),
            RETRY_WINDOW_S * 1000,
        )
        if reply[0] == b"go":
            return reply[1].decode(), None
        job = known(reply)
        return job.id, job

    @contextmanager
    def holding(self, intent: Intent, own_id: str) -> Iterator[None]:
        """Keep the key of ``intent`` busy for as long as the body lasts. For what may take its time."""
        if intent.kind != "key":
            yield
            return
        over = threading.Event()
        holder = threading.Thread(target=self._hold, args=(intent, own_id, over), name="holder", daemon=True)
        holder.start()
        try:
            yield
        finally:
            over.set()
            holder.join()

    def _hold(self, intent: Intent, own_id: str, over: threading.Event) -> None:
        while not over.wait(BUSY_S / 4):
            with suppress(LedgerUnavailable):
                self._scripts.run("hold", intent.slot, own_id, int(BUSY_S * 1000))

    def release(self, intent: Intent, own_id: str, *, comes_again: bool) -> None:
        """The request made no job, so its key is free; its id too, unless the client is likely to come again.
        Never raises for Redis's sake: both are free by themselves after a time."""
        if intent.kind == "" or (intent.kind == "retry" and comes_again):
            return
        with suppress(LedgerUnavailable):
            self._scripts.run("release", intent.kind, intent.slot, own_id)

    def record(self, intent: Intent | None) -> tuple[str | int, ...]:
        """What the step that makes the job has to write down: kind, slot, payload, milliseconds."""
        if intent is None or not intent.kind:
            return ("", "", "", 0)
        window_ms = self._key_ttl_ms if intent.kind == "key" else RETRY_WINDOW_S * 1000
        return (intent.kind, intent.slot, intent.payload, window_ms)


def known(reply: list[Any]) -> Job:
    """The job that was made of this intent before. Raises what ``Intents.begin`` raises."""
    match reply[0]:
        case b"replay":
            return rows.job(rows.fields(reply[1]))
        case b"busy":
            message = "the first request with this key is still being handled"
            raise InFlight(message, retry_after_s=RETRY_IN_FLIGHT_AFTER_S, param=PARAM)
        case b"mismatch":
            message = "this key was used for another request"
            raise Unprocessable(message, param=PARAM, code="idempotency_key_reused")
        case b"gone":
            raise NotFound(
                "the video that was made with this key is deleted", param=PARAM, code="video_deleted"
            )
    raise Conflict("there is another job of this id")
