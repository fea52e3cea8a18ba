"""Is an upload what it says, and fit to be used? Asked before a job is made of it.

The bytes are only sniffed here; everything that reads on runs in ``services.media.examine``, under limits.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from services.contract.errors import ConfigurationError, PayloadTooLarge, Unprocessable, UnsupportedMedia
from services.media.headers import READERS, SNIFFED_BYTES, sniff

Kind = Literal["image"]
"""What a field wants. A further kind adds its types here and its examination there."""
TAKEN: dict[Kind, tuple[str, ...]] = {"image": tuple(READERS)}

_UNDECLARED = ("", "application/octet-stream", "binary/octet-stream")
_OTHER_NAMES = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/x-png": "image/png"}
_ROOT = Path(__file__).parents[2]


class Verdict(StrEnum):
    """What an upload was found to be."""

    GOOD = "good"
    BROKEN = "broken"
    ANIMATED = "animated"
    TOO_LARGE = "too_large"


@dataclass(frozen=True)
class MediaLimits:
    """Bounds of one examination: pixels of the media, address space and CPU of the process, time in all."""

    max_pixels: int = 40_000_000
    memory_bytes: int = 1 << 30
    cpu_s: int = 10
    timeout_s: float = 30.0


@dataclass(frozen=True)
class MediaInfo:
    """What an upload really is. Width and height are pixels as shown, after Exif orientation."""

    kind: Kind
    mime_type: str
    width: int
    height: int
    size_bytes: int


def probe_reference(
    path: Path,
    *,
    declared_type: str | None,
    limits: MediaLimits,
    kind: Kind = "image",
    param: str = "input_reference",
) -> MediaInfo:
    """Examine the upload at ``path``; blocks for some 0.1 s or up to ``limits.timeout_s``.

    ``declared_type`` is the client's MIME type, None or ``application/octet-stream`` where it gave none.
    Raises UnsupportedMedia (another format than declared or than is taken, or animated), PayloadTooLarge (too
    many pixels, or too much work), Unprocessable (empty, truncated, damaged); each names ``param``.
    """
    with path.open("rb") as file:
        actual = sniff(file.read(SNIFFED_BYTES))
    size_bytes = path.stat().st_size
    if not size_bytes:
        raise Unprocessable(f"{param} is empty", param=param)
    mime = _agreed(actual, declared_type, kind, param)
    found = _examine(path, mime, limits, param)
    verdict, message = found["verdict"], f"{param}: {found.get('message')}"
    if verdict == Verdict.TOO_LARGE:
        raise PayloadTooLarge(message, param=param)
    if verdict == Verdict.ANIMATED:
        raise UnsupportedMedia(message, param=param)
    if verdict != Verdict.GOOD:
        raise Unprocessable(message, param=param)
    return MediaInfo(kind, mime, int(found["width"]), int(found["height"]), size_bytes)


def _agreed(actual: str | None, declared_type: str | None, kind: Kind, param: str) -> str:
    """The upload's type, where its bytes and its label agree and it is one that is taken."""
    taken = ", ".join(TAKEN[kind])
    label = (declared_type or "").partition(";")[0].strip().lower()
    label = _OTHER_NAMES.get(label, label)
    if label not in _UNDECLARED and label not in TAKEN[kind]:
        raise UnsupportedMedia(f"{param} is declared as {label!r:.80}; taken are {taken}", param=param)
    if actual not in TAKEN[kind]:
        found = actual or "of an unknown format"
        raise UnsupportedMedia(f"{param} is {found}; taken are {taken}", param=param)
    if label not in _UNDECLARED and label != actual:
        raise UnsupportedMedia(f"{param} is declared as {label} but is {actual}", param=param)
    return actual


def _examine(path: Path, mime: str, limits: MediaLimits, param: str) -> dict[str, str]:
    words = [str(path.absolute()), mime, *map(str, (limits.max_pixels, limits.memory_bytes, limits.cpu_s))]
    try:
        done = subprocess.run(
            [sys.executable, "-s", "-P", "-m", "services.media.examine", *words],
            env={"PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limits.timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PayloadTooLarge(f"{param} takes too long to decode", param=param) from error
    if done.returncode > 0:
        raise ConfigurationError(f"the examination of media does not run: {done.stderr[-500:]!r}")
    if done.returncode < 0:
        raise Unprocessable(f"{param} cannot be decoded within its limits", param=param)
    found: dict[str, str] = json.loads(done.stdout)
    return found
