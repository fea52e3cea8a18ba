"""Lines that say how far a run has come."""

import threading
import time
from collections.abc import Callable

EVERY_S = 20.0


class Progress:
    """Counts pieces of work done by several threads, of `total`; says so now and then."""

    def __init__(self, total: int, say: Callable[[str], None]) -> None:
        self._total, self._done = total, 0
        self._say = say
        self._lock = threading.Lock()
        self._start = self._said = time.monotonic()

    def one(self, section: str, seed: int) -> None:
        """One more is done."""
        with self._lock:
            self._done += 1
            now = time.monotonic()
            if now - self._said < EVERY_S and self._done < self._total:
                return
            self._said = now
            passed = now - self._start
            self._say(
                f"measured {self._done} of {self._total} after {passed:.0f} s, last {section} {seed};"
                f" about {passed / self._done * (self._total - self._done) / 60:.0f} minutes to go"
            )
