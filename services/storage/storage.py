"""What the stack asks of a storage, and what a key looks like."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
MAX_KEY_CHARS = 512


def check_key(key: str) -> str:
    """``key`` as it is. Raises ValueError unless it is names of ``A-Za-z0-9._-`` with single slashes between,
    none of them beginning with a dot, at most 512 characters in all: so no key leaves the root."""
    if len(key) > MAX_KEY_CHARS or not _KEY.fullmatch(key):
        raise ValueError(f"not a storage key: {key!r}")
    return key


@dataclass(frozen=True)
class Stored:
    """What lies under ``key``; ``changed_at`` in Unix seconds."""

    key: str
    changed_at: float


class Storage(Protocol):
    """Bytes by key. Safe for threads and processes.

    Every method raises ValueError for what is not a key and StorageUnavailable where the storage does not
    take or give bytes.
    """

    def put(self, key: str, data: bytes | Path) -> None:
        """Write all of ``data`` (bytes, or the file at a path); nobody ever sees a part of it."""

    def read(self, key: str) -> bytes:
        """All bytes. Raises NotFound."""

    def open(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Chunks of the ``length`` bytes from ``start`` on (default: to the end). Raises NotFound at once."""

    def size(self, key: str) -> int:
        """Bytes under ``key``. Raises NotFound."""

    def exists(self, key: str) -> bool:
        """Whether there is something under exactly this key."""

    def delete(self, prefix: str) -> None:
        """Remove the key ``prefix`` and all keys ``prefix/...``. That there are none is fine."""

    def page(self, prefix: str, *, after: str = "", limit: int = 1000) -> list[Stored]:
        """Up to ``limit`` of the keys ``prefix/...`` greater than ``after``, in order of code points.
        What is written or deleted meanwhile may be there or not."""

    def clear_parts(self, older_than_s: float) -> int:
        """Remove what writes that broke off that long ago left of themselves; how many there were."""

    def room(self) -> int | None:
        """Bytes that it can still take; None where nobody knows."""

    def path(self, key: str) -> Path | None:
        """Where the bytes lie on this machine, whether or not they are there yet; None for a bucket."""
