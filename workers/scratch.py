"""A worker's folder for files that are worth nothing after it. Those of dead workers are removed.

A folder is locked by its owner. The lock goes with the process, however it ends.
"""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.contract.errors import StorageUnavailable

PREFIX = "worker-"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)


class Scratch:
    """A folder of this process under ``root``, which other workers may share."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(root)
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
            self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
            # Before it was locked, another worker may have taken it for a leftover.
            if _lock(self._lock) and self.path.exists():
                return
            os.close(self._lock)

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


@contextmanager
def film_folder(root: Path) -> Iterator[Path]:
    """A folder under ``root`` for one film. Raises StorageUnavailable where the disk does not take what the
    body writes."""
    try:
        with tempfile.TemporaryDirectory(dir=root) as folder:
            yield Path(folder)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise StorageUnavailable(f"scratch: {error.strerror}") from error


def _remove_leftovers(root: Path) -> None:
    for folder in root.glob(f"{PREFIX}*"):
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue
        try:
            if _lock(handle):
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(handle)


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
