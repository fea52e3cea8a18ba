"""The end of a worker that was asked to stop: the job goes back, and the process ends in time."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from services.contract.errors import MoviolaError

log = structlog.get_logger(__name__)


class Draining(MoviolaError):
    """The worker is stopping: the job goes back to the queue as it stands."""


class Drain:
    """Set once, by ``begin``. From then on the worker has ``grace_s`` to end by itself.

    A stage may be deaf for longer than that. Then the job in hand is given back all the same, and ``end``
    ends the process: what it still writes comes to nothing, since its lease is no longer the current one.
    """

    def __init__(self, grace_s: float, end: Callable[[int], object] = os._exit) -> None:
        self._grace_s, self._end = grace_s, end
        self._begun = threading.Event()
        self._give_back: Callable[[], None] | None = None
        self._watch = threading.Thread(target=self._run, name="drain", daemon=True)

    def start(self) -> None:
        """Watch over the grace. Once only; before that ``begin`` sets no limit."""
        self._watch.start()

    def begin(self) -> None:
        """The worker is to stop. For handlers of signals too: nothing is started here."""
        self._begun.set()

    @property
    def has_begun(self) -> bool:
        """Whether the worker is to stop."""
        return self._begun.is_set()

    @contextmanager
    def holding(self, give_back: Callable[[], None]) -> Iterator[None]:
        """While a job is in hand: how it is given back from another thread."""
        self._give_back = give_back
        try:
            yield
        finally:
            self._give_back = None

    def _run(self) -> None:
        self._begun.wait()
        time.sleep(self._grace_s)
        give_back = self._give_back
        log.warning("grace_is_over", job_in_hand=give_back is not None)
        try:
            if give_back is not None:
                give_back()
        except MoviolaError as error:
            log.warning("left_to_its_lease", error=str(error))
        finally:
            self._end(0)
