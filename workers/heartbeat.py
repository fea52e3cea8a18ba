"""Keeps a lease while a stage is silent."""

import threading
from types import TracebackType
from typing import Self

from services.contract.errors import JobCancelled, LeaseLost, LedgerUnavailable
from services.jobs.ledger import Lease, Ledger


class Heartbeat:
    """Renews ``lease`` three times per lease length; that it is lost is noticed by the next report."""

    def __init__(self, ledger: Ledger, lease: Lease, lease_s: float) -> None:
        self._ledger, self._lease, self._every_s = ledger, lease, lease_s / 3
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                self._ledger.renew(self._lease)
            except (LeaseLost, JobCancelled):
                return
            except LedgerUnavailable:
                continue
