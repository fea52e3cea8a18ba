"""Keeps a lease while a stage is silent."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from services.contract.errors import JobCancelled, LeaseLost, LedgerUnavailable
from services.jobs.ledger import Lease, Ledger


class Heartbeat:
    """Renews ``lease`` three times per lease length.

    Once the lease is lost, or its job cancelled, ``on_lost`` is called with each beat, to wake whatever the
    worker waits for: its next report then says so.
    """

    def __init__(
        self, ledger: Ledger, lease: Lease, lease_s: float, on_lost: Callable[[], None] = lambda: None
    ) -> None:
        self._ledger, self._lease, self._every_s = ledger, lease, lease_s / 3
        self._on_lost = on_lost
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
        lost = False
        while not self._stop.wait(self._every_s):
            try:
                if not lost:
                    self._ledger.renew(self._lease)
            except (LeaseLost, JobCancelled):
                lost = True
            except LedgerUnavailable:
                continue
            if lost:
                self._on_lost()
