"""What a case came to."""

from typing import Any

from pydantic import BaseModel


class Outcome(BaseModel):
    """Numbers of one case; those of the invariant are 0 where it holds.

    ``lost``: accepted, and gone or failed for a reason of ours. ``stuck``: not final in time. ``duplicated``:
    two jobs for one intent, or two accepted commits of one job. ``damaged``: a film that is not whole, or not
    the same bytes as an undisturbed one. ``left``: objects without a row after collection. ``untold``: final
    jobs whose webhook did not come, or came under two ids. ``excess``: loops that did more steps anew than
    one snapshot interval for each attempt.
    """

    case: str
    accepted: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    deleted: int = 0
    faults: int = 0
    lost: int = 0
    duplicated: int = 0
    stuck: int = 0
    damaged: int = 0
    left: int = 0
    untold: int = 0
    excess: int = 0
    resumed: int = 0
    recomputed: int = 0
    recoveries_s: list[float] = []
    drained_s: float = 0.0
    took_s: float = 0.0
    notes: dict[str, Any] = {}
    not_run: str = ""
    """Why it could not be run here."""
    unmet: list[str] = []
    """What the case itself wanted to see and did not."""

    @property
    def holds(self) -> bool:
        """Whether the invariant held, and the case did what it was to do."""
        broken = (self.lost, self.duplicated, self.stuck, self.damaged, self.left, self.untold, self.excess)
        total = self.completed + self.failed + self.cancelled + self.deleted
        return not any(broken) and not self.unmet and self.accepted == total
