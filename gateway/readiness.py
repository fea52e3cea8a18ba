"""Whether the parts behind the gateway take writes, asked at most once a second."""

import threading
import time
from collections.abc import Callable, Mapping

from services.contract.errors import Unavailable

TTL_S = 1.0


class Readiness:
    """``checks``: by part, a call that raises Unavailable where the part does not work."""

    def __init__(self, checks: Mapping[str, Callable[[], None]], ttl_s: float = TTL_S) -> None:
        self._checks = checks
        self._ttl_s = ttl_s
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._answers: dict[str, str | None] = {}

    def parts(self) -> dict[str, str | None]:
        """None for each part that works, else what is wrong with it."""
        with self._lock:
            if time.monotonic() - self._asked_at >= self._ttl_s:
                self._answers = {name: _ask(check) for name, check in self._checks.items()}
                self._asked_at = time.monotonic()
            return dict(self._answers)


def _ask(check: Callable[[], None]) -> str | None:
    try:
        check()
    except Unavailable as error:
        return type(error).__name__
    return None
