"""Waiting for a part that does not answer, in the midst of a job: the work so far is worth a wait."""

import time
from collections.abc import Callable

from services.contract.errors import Unavailable

PATIENCE_S = 30.0
PAUSE_S = 0.25


def insist(
    call: Callable[[], None], on: type[Unavailable], meanwhile: Callable[[], None] = lambda: None
) -> None:
    """Do ``call``, again and again for ``PATIENCE_S`` while it raises ``on``; then that goes to the caller.

    ``meanwhile`` is called before each new try, and may raise to give up.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return call()
        except on:
            if time.monotonic() > deadline:
                raise
        time.sleep(PAUSE_S)
        meanwhile()
