"""What is decided of the queue from outside: who weighs how much, how many there may be, how often to try."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from services.contract.spec import ServiceClass


@dataclass(frozen=True)
class Rules:
    """The same in every process on a ledger, or estimates are off.

    ``weights``: turns of a tenant beside one of weight 1, which is everybody not named. ``batch_share``: of
    the turns when both classes have somebody waiting. ``max_attempts``: lost workers in a row of a job that
    gets no further; ``max_retries``: the same for parts that do not answer; ``max_total_attempts``: of any
    kind. ``idempotency_ttl_s``: how long a key is kept after its job was made.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    batch_share: float = 0.1
    max_queued: int = 10_000
    max_queued_per_tenant: int = 2_000
    max_running: int = 1_000
    max_running_per_tenant: int = 200
    max_attempts: int = 3
    max_retries: int = 6
    max_total_attempts: int = 20
    idempotency_ttl_s: int = 24 * 3600

    def as_json(self) -> str:
        """For the Lua steps."""
        shares = {ServiceClass.INTERACTIVE: 1 - self.batch_share, ServiceClass.BATCH: self.batch_share}
        plain = {one.name: getattr(self, one.name) for one in fields(self) if one.name.startswith("max_")}
        return json.dumps({"weights": dict(self.weights), "shares": shares, **plain})
