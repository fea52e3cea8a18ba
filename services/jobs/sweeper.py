"""The thread that mends: one leader among all workers, chosen by a lock in Redis."""

import logging
import threading
import uuid
from collections.abc import Callable

from services.contract.errors import Unavailable
from services.jobs.ledger import Ledger, Swept, Wake

log = logging.getLogger(__name__)

SNAPSHOTS = "snapshots"
FOLDERS = ("videos", SNAPSHOTS, "inputs")


class Sweeper:
    """Sweeps ``ledger`` every ``every_s``, at once after ``start``, while it leads.

    ``publish`` wakes a worker; ``delete`` removes everything under a storage prefix; ``tidy``
    does a bounded piece of further cleaning. What any of them, or Redis, cannot do now is left to the next
    sweep.
    """

    def __init__(
        self,
        ledger: Ledger,
        publish: Callable[[Wake], None],
        every_s: float,
        delete: Callable[[str], None],
        tidy: Callable[[], object] = lambda: None,
    ) -> None:
        self._ledger, self._publish, self._delete = ledger, publish, delete
        self._tidy = tidy
        self._every_s = every_s
        self._name = uuid.uuid4().hex
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)

    def start(self) -> None:
        """Begin. Once only."""
        self._thread.start()

    def stop(self) -> None:
        """End after the sweep at work, and let another lead. Does nothing before ``start``."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def sweep(self) -> Swept | None:
        """One round; None where another leads. Raises Unavailable."""
        if not self._ledger.lead(self._name, max(5.0, 3 * self._every_s)):
            return None
        swept = self._ledger.sweep(self._publish)
        for job_id in swept.lost:
            self._delete(f"{SNAPSHOTS}/{job_id}")
        for job_id in swept.expired:
            for folder in FOLDERS:
                self._delete(f"{folder}/{job_id}")
            self._ledger.collected(job_id)
        self._tidy()
        return swept

    def _run(self) -> None:
        while True:
            try:
                _report(self.sweep())
            except Unavailable as error:
                log.warning("sweep put off: %s", error)
            if self._stop.wait(self._every_s):
                break
        try:
            self._ledger.step_down(self._name)
        except Unavailable as error:
            log.warning("leader's lock left to run out: %s", error)


def _report(swept: Swept | None) -> None:
    if swept and swept.spared:
        log.warning("the clock was set, or nobody swept: %d leases begin anew", len(swept.spared))
    if swept and (swept.republished or swept.returned or swept.lost or swept.expired):
        log.info(
            "swept: %d published again, %d back in the queue, %d lost for good, %d collected",
            len(swept.republished),
            len(swept.returned),
            len(swept.lost),
            len(swept.expired),
        )
