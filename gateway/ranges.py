"""Byte ranges and validators of a download (RFC 9110, sections 13 and 14)."""

import re
from dataclasses import dataclass

from services.contract.errors import RequestError

_RANGE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.IGNORECASE)


class RangeNotSatisfiable(RequestError):
    """416: no byte of the object lies in the range that was asked for."""

    status = 416
    default_code = "range_not_satisfiable"

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"the range is malformed or outside of the {size_bytes} bytes", param="range")
        self.size_bytes = size_bytes


@dataclass(frozen=True)
class Span:
    """``length`` bytes from ``start``."""

    start: int
    length: int

    def content_range(self, size_bytes: int) -> str:
        """Value of the Content-Range header."""
        return f"bytes {self.start}-{self.start + self.length - 1}/{size_bytes}"


def parse_range(header: str | None, size_bytes: int) -> Span | None:
    """The one range of ``header``; None where the whole object is to be sent: no header, another unit, or
    several ranges, which a server may ignore. Raises RangeNotSatisfiable."""
    if header is None or not header.lower().startswith("bytes=") or "," in header:
        return None
    match = _RANGE.fullmatch(header)
    if match is None or not (match[1] or match[2]):
        raise RangeNotSatisfiable(size_bytes)
    if match[1]:
        start, end = int(match[1]), int(match[2] or size_bytes - 1)
        if end < start:
            raise RangeNotSatisfiable(size_bytes)
    else:
        start, end = max(0, size_bytes - int(match[2])), size_bytes - 1
    end = min(end, size_bytes - 1)
    if start > end:
        raise RangeNotSatisfiable(size_bytes)
    return Span(start, end - start + 1)


def matches(header: str | None, etag: str) -> bool:
    """Whether an If-None-Match or If-Range header names ``etag``. A date never does: none is sent."""
    if header is None:
        return False
    return header.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in header.split(","))
