"""What clients are told of the queue: one look at it for all who ask within a while."""

import threading
import time
from concurrent.futures import Future

from services.contract.errors import LedgerUnavailable
from services.contract.job import Job
from services.jobs.ledger import Ledger
from services.jobs.outlook import Estimate, Outlook

FRESH_S = 0.25
SPARING = 10
"""A look that took long serves this many times as long, so that looking takes a tenth of the time at most."""


class Lookout:
    """Looks at ``ledger`` when somebody asks, and again when that is ``FRESH_S`` ago. Safe for threads."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._look: Future[Outlook] | None = None
        self._until = 0.0

    def seen(self, job: Job) -> Estimate | None:
        """Place and time of a job that is not final, as of the last look; None where that did not see it like
        this. Raises LedgerUnavailable."""
        return self._outlook().estimate(job)

    def estimate(self, job: Job) -> Estimate:
        """Place and time of ``job``. Where the last look did not see it like this, it is looked up by itself:
        so a new job has its place at once. Raises LedgerUnavailable."""
        if job.status.is_final:
            return Estimate(None, None)
        return self.seen(job) or self._ledger.estimate(job)

    def _outlook(self) -> Outlook:
        with self._lock:
            look = self._look
            mine = look is None or (look.done() and time.monotonic() >= self._until)
            if look is None or mine:
                look = self._look = Future()
        if mine:
            self._fill(look)
        return look.result()

    def _fill(self, look: Future[Outlook]) -> None:
        """All who wait for it get the same, an error included: a ledger that does not answer keeps them
        waiting once, not one after the other."""
        began, self._until = time.monotonic(), 0.0
        try:
            outlook = self._ledger.outlook()
        except LedgerUnavailable as error:
            look.set_exception(error)
        else:
            self._until = began + max(FRESH_S, SPARING * (time.monotonic() - began))
            look.set_result(outlook)
        finally:
            look.cancel()
