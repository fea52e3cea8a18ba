"""What a picture file says of itself, read from its bytes before any of it is decoded.

PNG (W3C, third edition), JPEG (ITU-T T.81), WebP (RFC 9649), Exif 2.3 for which way is up.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from services.contract.errors import InputError

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (8, b"WEBP", "image/webp"),
    (0, b"GIF8", "image/gif"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypqt  ", "video/quicktime"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
)
SNIFFED_BYTES = 32


@dataclass(frozen=True)
class Header:
    """Size in pixels as stored, where the picture's bytes end, and whether there is more than one frame.

    ``orientation`` is Exif's: 1 upright, 2 to 8 mirrored or turned; from 5 on width and height change places.
    """

    width: int
    height: int
    end: int
    animated: bool = False
    orientation: int = 1

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height as shown."""
        return (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)


def sniff(head: bytes) -> str | None:
    """MIME type of a file by its first ``SNIFFED_BYTES``, None for one that is not known here."""
    for offset, signature, mime in _SIGNATURES:
        if head[offset : offset + len(signature)] == signature:
            return mime if mime != "image/webp" or head.startswith(b"RIFF") else None
    return None


def read_header(mime: str, data: bytes) -> Header:
    """Walk the whole structure of a picture of one of ``READERS``. Raises InputError where it breaks off."""
    try:
        return READERS[mime](data)
    except IndexError as error:
        raise InputError("the picture is truncated") from error


def _png(data: bytes) -> Header:
    if data[12:16] != b"IHDR":
        raise InputError("the PNG does not begin with its header")
    at, animated, turn = 8, False, 1
    while (kind := _bytes(data, at + 4, 4)) != b"IEND":
        size = _big(data, at, 4)
        animated = animated or kind == b"acTL"
        if kind == b"eXIf":
            turn = _orientation(data[at + 8 : at + 8 + size])
        at += 12 + size
    return Header(_big(data, 16, 4), _big(data, 20, 4), at + 12, animated, turn)


def _jpeg(data: bytes) -> Header:
    width, height, turn = 0, 0, 1
    at = 2
    for marker, at in _jpeg_segments(data):
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = _big(data, at + 5, 2), _big(data, at + 7, 2)
        elif marker == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0":
            turn = _orientation(data[at + 10 : at + 2 + _big(data, at + 2, 2)])
    end = data.find(b"\xff\xd9", at)  # never within coded data, where every FF is followed by 00 or a restart
    if end < 0:
        raise InputError("the picture is truncated")
    if not width or not height:
        raise InputError("the JPEG does not say its size")
    return Header(width, height, end + 2, orientation=turn)


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Marker and place of each segment up to the first scan."""
    at = 2
    while True:
        if data[at] != 0xFF:
            raise InputError("the JPEG's segments are broken")
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == 0xD9:
            raise InputError("the JPEG has no picture")
        yield marker, at
        if marker == 0xDA:
            return
        at += 2 if marker == 0x01 or 0xD0 <= marker <= 0xD7 else 2 + _big(data, at + 2, 2)


def _webp(data: bytes) -> Header:
    end = 8 + _little(data, 4, 4)
    _bytes(data, end - 1, 1)
    kind = _bytes(data, 12, 4)
    if kind == b"VP8 ":
        if _bytes(data, 23, 3) != b"\x9d\x01\x2a":
            raise InputError("the WebP does not begin with a key frame")
        return Header(_little(data, 26, 2) & 0x3FFF, _little(data, 28, 2) & 0x3FFF, end)
    if kind == b"VP8L":
        bits = _little(data, 21, 4)
        return Header((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, end)
    if kind == b"VP8X":
        return Header(
            _little(data, 24, 3) + 1, _little(data, 27, 3) + 1, end, bool(data[20] & 2), _webp_turn(data, end)
        )
    raise InputError("the WebP has no picture")


def _webp_turn(data: bytes, end: int) -> int:
    at = 12
    while at + 8 <= end:
        size = _little(data, at + 4, 4)
        if data[at : at + 4] == b"EXIF":
            return _orientation(data[at + 8 : at + 8 + size].removeprefix(b"Exif\0\0"))
        at += 8 + size + size % 2
    return 1


def _orientation(exif: bytes) -> int:
    """Tag 0x0112 of a TIFF block; 1, as every viewer takes it, where the block has none or is broken."""
    order: Literal["big", "little"] = "big" if exif[:2] == b"MM" else "little"
    directory = int.from_bytes(exif[4:8], order)
    entries = int.from_bytes(exif[directory : directory + 2], order)
    for entry in range(directory + 2, min(directory + 2 + 12 * entries, len(exif) - 11), 12):
        if int.from_bytes(exif[entry : entry + 2], order) == 0x0112:
            value = int.from_bytes(exif[entry + 8 : entry + 10], order)
            return value if 1 <= value <= 8 else 1
    return 1


def _bytes(data: bytes, at: int, count: int) -> bytes:
    if at + count > len(data):
        raise IndexError(at)
    return data[at : at + count]


def _big(data: bytes, at: int, count: int) -> int:
    return int.from_bytes(_bytes(data, at, count), "big")


def _little(data: bytes, at: int, count: int) -> int:
    return int.from_bytes(_bytes(data, at, count), "little")


READERS: dict[str, Callable[[bytes], Header]] = {
    "image/png": _png,
    "image/jpeg": _jpeg,
    "image/webp": _webp,
}
"""The pictures that are taken."""
