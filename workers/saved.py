"""Named arrays as bytes in storage, and back."""

import io
import zipfile
import zlib
from typing import Any

import numpy as np


def pack(**arrays: Any) -> bytes:
    """``arrays`` as an NPZ, not compressed: noise does not shrink."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def unpack(data: bytes) -> dict[str, Any] | None:
    """Arrays by name; None where ``data`` is damaged (an NPZ has a checksum over each array)."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as saved:
            return {name: saved[name] for name in saved.files}
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError):
        return None
