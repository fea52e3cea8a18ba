"""A storage in a folder."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from services.contract.errors import NotFound, StorageUnavailable
from services.storage.storage import check_key

CHUNK_BYTES = 2**18


class LocalStorage:
    """A ``Storage`` under ``root``, which is made at the first write.

    A write goes to a hidden file beside its target, is synced to disk and renamed: after a crash a key has
    its old bytes or its new ones, and what was left half written goes with its folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, data: bytes | Path) -> None:
        """See ``Storage.put``. A ``Path`` that is not there is the caller's fault: FileNotFoundError."""
        target = self.path(key)
        part = target.with_name(f".{uuid.uuid4().hex}.part")
        with _source(data) as source, _writable(key):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                _write(part, source)
                part.replace(target)
            except OSError:
                part.unlink(missing_ok=True)
                raise
            _sync_folder(target.parent)

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
            while target.is_dir():
                with suppress(FileNotFoundError):  # somebody else removes it too
                    shutil.rmtree(target)
            with suppress(FileNotFoundError, NotADirectoryError):
                target.unlink()

    def path(self, key: str) -> Path:
        """See ``Storage.path``."""
        return self._root / check_key(key)


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
