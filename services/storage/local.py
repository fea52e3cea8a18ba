"""A storage in a folder."""

import errno
import itertools
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from services.contract.errors import NotFound, StorageUnavailable
from services.storage.storage import Stored, check_key

CHUNK_BYTES = 2**18
PARTS = ".parts"
TRIES = 8
_MEANWHILE = (errno.ENOENT, errno.ENOTEMPTY, errno.EISDIR, errno.ENOTDIR)
"""While something was being removed, somebody else removed from it or wrote to it."""


class LocalStorage:
    """A ``Storage`` under ``root``, which is made at the first write.

    A write goes to a file in the hidden folder ``.parts``, is synced to disk and renamed: after a crash a key
    has its old bytes or its new ones, and ``clear_parts`` removes what was left half written.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, data: bytes | Path) -> None:
        """See ``Storage.put``. A ``Path`` that is not there is the caller's fault: FileNotFoundError."""
        target, part = self.path(key), self._parts / uuid.uuid4().hex
        with _source(data) as source, _writable(key):
            self._parts.mkdir(parents=True, exist_ok=True)
            try:
                _write(part, source)
                self._settle(part, target)
            except OSError:
                part.unlink(missing_ok=True)
                raise

    def read(self, key: str) -> bytes:
        """See ``Storage.read``."""
        with _answering(key):
            return self.path(key).read_bytes()

    def open(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """See ``Storage.open``. What is open can be read to its end even if the key is deleted meanwhile."""
        if start < 0 or (length is not None and length < 0):
            raise ValueError(f"not a range: {start}, {length}")
        with _answering(key):
            file = self.path(key).open("rb", buffering=0)
            file.seek(start)
        return Chunks(key, file, length)

    def size(self, key: str) -> int:
        """See ``Storage.size``."""
        with _answering(key):
            if not self.path(key).is_file():
                raise FileNotFoundError(key)
            return self.path(key).stat().st_size

    def exists(self, key: str) -> bool:
        """See ``Storage.exists``."""
        with _answering(key):
            return self.path(key).is_file()

    def delete(self, prefix: str) -> None:
        """See ``Storage.delete``."""
        target = self.path(prefix)
        with _writable(prefix):
            while _is_there(target):
                try:
                    shutil.rmtree(target) if target.is_dir() else target.unlink()
                except OSError as error:
                    if error.errno not in _MEANWHILE:
                        raise

    def page(self, prefix: str, *, after: str = "", limit: int = 1000) -> list[Stored]:
        """See ``Storage.page``."""
        with _writable(prefix):
            return list(itertools.islice(_walk(self.path(prefix), check_key(prefix), after), limit))

    def clear_parts(self, older_than_s: float) -> int:
        """See ``Storage.clear_parts``."""
        count, oldest = 0, time.time() - older_than_s
        with _writable(PARTS):
            for part in _entries(self._parts):
                with suppress(FileNotFoundError):  # finished meanwhile, or somebody else clears too
                    if part.stat().st_mtime <= oldest:
                        os.unlink(part)
                        count += 1
        return count

    def room(self) -> int:
        """See ``Storage.room``."""
        with _writable("room"):
            self._root.mkdir(parents=True, exist_ok=True)
            return shutil.disk_usage(self._root).free

    def path(self, key: str) -> Path:
        """See ``Storage.path``."""
        return self._root / check_key(key)

    @property
    def _parts(self) -> Path:
        return self._root / PARTS

    def _settle(self, part: Path, target: Path) -> None:
        """Give ``part`` its name, in a folder that somebody may be removing."""
        for left in reversed(range(TRIES)):
            made = [folder for folder in target.parents if not folder.exists()]
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                part.replace(target)
            except FileNotFoundError:
                if not left:
                    raise
            else:
                with suppress(FileNotFoundError):  # deleted already
                    for folder in {target.parent, *(folder.parent for folder in made)}:
                        _sync_folder(folder)
                return


class Chunks(Iterator[bytes]):
    """Up to ``length`` bytes of an open file, chunk by chunk; closes the file at the end or when dropped."""

    def __init__(self, key: str, file: BinaryIO, length: int | None) -> None:
        self._key, self._file, self._left = key, file, length

    def __next__(self) -> bytes:
        wanted = CHUNK_BYTES if self._left is None else min(CHUNK_BYTES, self._left)
        with _answering(self._key):
            chunk = b"" if self._file.closed else self._file.read(wanted)
        if not chunk:
            self.close()
            raise StopIteration
        if self._left is not None:
            self._left -= len(chunk)
        return chunk

    def close(self) -> None:
        """Give the file back. Closing twice is fine."""
        self._file.close()

    def __del__(self) -> None:
        self.close()


def _is_there(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _walk(folder: Path, prefix: str, after: str) -> Iterator[Stored]:
    """Keys under ``folder`` greater than ``after``, in their order: "a-b/c" comes before "a/c"."""
    found = sorted((f"{prefix}/{entry.name}" + "/" * entry.is_dir(), entry) for entry in _entries(folder))
    for name, entry in found:
        if name.endswith("/"):
            if name > after or after.startswith(name):
                yield from _walk(Path(entry), name[:-1], after)
        elif name > after:
            with suppress(FileNotFoundError):
                yield Stored(name, entry.stat().st_mtime)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []


@contextmanager
def _answering(key: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise NotFound(f"nothing is stored under {key}") from error
    except OSError as error:
        raise StorageUnavailable(f"{key}: {error.strerror or error}") from error


@contextmanager
def _writable(key: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageUnavailable(f"{key}: {error.strerror or error}") from error


@contextmanager
def _source(data: bytes | Path) -> Iterator[bytes | BinaryIO]:
    if isinstance(data, bytes):
        yield data
    else:
        with data.open("rb") as file:
            yield file


def _write(path: Path, source: bytes | BinaryIO) -> None:
    with path.open("xb") as file:
        if isinstance(source, bytes):
            file.write(source)
        else:
            shutil.copyfileobj(source, file, CHUNK_BYTES)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
