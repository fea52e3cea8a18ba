"""Shared memory between this process and a Triton on the same host.

A region is a file in ``/dev/shm`` that its owner keeps locked. The lock goes with the process, however it
ends and in whatever container it ran: a region that can be locked is a leftover.
"""

import fcntl
import mmap
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from services.contract.errors import ConfigurationError

FOLDER = Path("/dev/shm")
PREFIX = "moviola-inference-"


class Region:
    """Shared memory of ``size`` bytes; ``name`` is its file's, ``buffer`` what it holds."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.name, self._file = _create(size)
        self.buffer = mmap.mmap(self._file, size)

    @property
    def key(self) -> str:
        """The name by which ``shm_open`` knows it."""
        return f"/{self.name}"

    def close(self) -> None:
        """Unmap, remove and unlock it."""
        self.buffer.close()
        (FOLDER / self.name).unlink(missing_ok=True)
        os.close(self._file)


def remove_leftovers() -> Iterator[str]:
    """Remove regions whose owners ended without closing them; yields the name of each before it goes."""
    for path in FOLDER.glob(f"{PREFIX}*"):
        try:
            file = os.open(path, os.O_RDWR)
        except (FileNotFoundError, PermissionError):
            continue
        try:
            if _lock(file):
                yield path.name
                path.unlink(missing_ok=True)
        finally:
            os.close(file)


def _create(size: int) -> tuple[str, int]:
    if not FOLDER.is_dir():
        raise ConfigurationError(f"there is no {FOLDER}: set MOVIOLA_TRITON_SHARED_MEMORY=false")
    while True:
        path = FOLDER / f"{PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        # Before it was locked, another process may have taken it for a leftover.
        if _lock(file) and path.exists():
            os.ftruncate(file, size)
            return path.name, file
        os.close(file)


def _lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
