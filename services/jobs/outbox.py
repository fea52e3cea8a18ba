"""The outbox: who is to be told of final jobs, and what became of it.

    job final ──> due ──take──> leased ──end──> delivered, gone or given up
                   ^              │
                   └── retry, ────┘
                       lease ran out

The Lua step that makes a job final writes its deliveries too: there is never the one without the other. The
event's id is made of the job's: it is the same for each target, on each try and after any crash.
"""

from dataclasses import dataclass, field

import redis

from services.contract.job import Told
from services.jobs.rows import decoded, fields
from services.jobs.scripts import PREFIX, Scripts, answering

KEEP_GIVEN_UP_S = 7 * 24 * 3600


@dataclass(frozen=True)
class Delivery:
    """One event for one target, to be sent now. ``tries`` counts this one. ``secret`` is None where the
    account's signs. ``token`` is worth nothing once the lease ran out and somebody else took it."""

    id: str
    token: int
    event: str
    job_id: str
    url: str = field(repr=False)
    secret: str | None = field(repr=False)
    body: bytes
    tries: int


class Outbox:
    """Deliveries in order of time, one at a time for each tenant and origin. Safe for threads; every method
    raises LedgerUnavailable. ``lease_s``: after this time a delivery that was taken is due again. The client
    must not decode replies."""

    def __init__(self, client: redis.Redis, *, lease_s: float = 60) -> None:
        self._client = client
        self._scripts = Scripts(client)
        self._lease_ms = int(lease_s * 1000)

    def take(self) -> Delivery | None:
        """A delivery that is due, or None."""
        reply = self._scripts.run("take", self._lease_ms)
        if reply[0] != b"taken":
            return None
        row = fields(reply[2])
        return Delivery(
            id=reply[1].decode(),
            token=int(row["token"]),
            event=row["event"],
            job_id=row["job"],
            url=row["url"],
            secret=row["secret"] or None,
            body=row["body"].encode(),
            tries=int(row["tries"]),
        )

    def retry(self, delivery: Delivery, after_s: float, error: str) -> bool:
        """It failed, and is due again ``after_s`` from now. False where another has it."""
        return self._settle(delivery, "retry", after_s, error)

    def end(self, delivery: Delivery, told: Told, error: str = "") -> bool:
        """No more tries. What was given up is kept for a week with its last error. False where another has
        it."""
        return self._settle(delivery, told.value, 0, error)

    def waiting(self) -> int:
        """Deliveries that are not ended yet."""
        number: int = self._scripts.run("waiting")[0]
        return number

    def outcomes(self) -> dict[str, int]:
        """How many tries ended how, ever: ``delivered``, ``gone``, ``given_up`` or ``retry``."""
        with answering():
            counted = decoded(self._client.hgetall(f"{PREFIX}outcomes"))
        return {outcome: int(number) for outcome, number in counted.items()}

    def _settle(self, delivery: Delivery, outcome: str, wait_s: float, error: str) -> bool:
        keep_ms = KEEP_GIVEN_UP_S * 1000
        reply = self._scripts.run(
            "settle", delivery.id, delivery.token, outcome, int(wait_s * 1000), keep_ms, error
        )
        return bool(reply[0] == b"ok")
