"""A file that one process holds at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.contract.errors import ConfigurationError


@contextmanager
def held(path: Path, busy: str) -> Iterator[None]:
    """Hold the file, which is made. Raises ConfigurationError, saying ``busy``, while another holds it."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigurationError(busy) from error
        yield
