import struct
from collections.abc import Callable

import pytest

from services.contract.errors import InputError
from services.media.headers import READERS, Header, read_header, sniff

PictureMaker = Callable[..., bytes]
ENCODERS = [
    ("image/png", "png", "rgb24", {}),
    ("image/png", "png", "rgba", {}),
    ("image/jpeg", "mjpeg", "yuvj420p", {}),
    ("image/webp", "libwebp", "yuv420p", {}),
    ("image/webp", "libwebp", "bgra", {"lossless": "1"}),
]


@pytest.mark.parametrize(("mime", "encoder", "pixel_format", "options"), ENCODERS)
def test_size_and_end_are_read(
    picture: PictureMaker, mime: str, encoder: str, pixel_format: str, options: dict[str, str]
) -> None:
    data = picture(encoder, pixel_format, **options)
    assert sniff(data[:32]) == mime
    assert read_header(mime, data) == Header(64, 48, len(data))
    assert read_header(mime, data + b"trailer") == Header(64, 48, len(data))


@pytest.mark.parametrize(("mime", "encoder", "pixel_format", "options"), ENCODERS)
def test_every_truncation_is_noticed(
    picture: PictureMaker, mime: str, encoder: str, pixel_format: str, options: dict[str, str]
) -> None:
    data = picture(encoder, pixel_format, **options)
    for length in range(12, len(data) - 4):
        with pytest.raises(InputError):
            read_header(mime, data[:length])


@pytest.mark.parametrize(
    ("head", "mime"),
    [
        (b"GIF89a", "image/gif"),
        (b"\x00\x00\x00\x20ftypisom", "video/mp4"),
        (b"\x00\x00\x00\x20ftypavif", "image/avif"),
        (b"\x1a\x45\xdf\xa3", "video/webm"),
        (b"RIFF\x00\x00\x00\x00WAVE", None),
        (b"XXXX\x00\x00\x00\x00WEBP", None),
        (b"<svg xmlns", None),
        (b"", None),
    ],
)
def test_other_files_are_known_for_what_they_are(head: bytes, mime: str | None) -> None:
    assert sniff(head) == mime
    assert mime not in READERS


def test_animations_are_noticed(picture: PictureMaker) -> None:
    png = picture("png", "rgb24")
    control = struct.pack(">I4sIII", 8, b"acTL", 2, 0, 0)
    assert read_header("image/png", png[:33] + control + png[33:]).animated
    webp = b"RIFF" + struct.pack("<I4s4sI", 22, b"WEBP", b"VP8X", 10) + b"\x02\0\0\0" + b"\x3f\0\0\x2f\0\0"
    assert read_header("image/webp", webp) == Header(64, 48, 30, animated=True)


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize("turn", [1, 3, 6, 8])
def test_orientation_is_read_from_exif(picture: PictureMaker, order: str, turn: int) -> None:
    exif = exif_block(order, turn)
    jpeg = picture("mjpeg", "yuvj420p")
    segment = b"Exif\0\0" + exif
    jpeg = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]
    png = picture("png", "rgb24")
    png = png[:33] + struct.pack(">I", len(exif)) + b"eXIf" + exif + bytes(4) + png[33:]
    chunk = b"VP8X" + struct.pack("<I", 10) + b"\x08\0\0\0" + b"\x3f\0\0\x2f\0\0"
    chunk += b"EXIF" + struct.pack("<I", len(exif)) + exif
    webp = b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk
    for mime, data in (("image/jpeg", jpeg), ("image/png", png), ("image/webp", webp)):
        header = read_header(mime, data)
        assert header.orientation == turn
        assert header.upright == ((64, 48) if turn < 5 else (48, 64))


@pytest.mark.parametrize("exif", [b"", b"MM\0*", b"MM\0*\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff"])
def test_broken_exif_means_upright(picture: PictureMaker, exif: bytes) -> None:
    png = picture("png", "rgb24")
    png = png[:33] + struct.pack(">I", len(exif)) + b"eXIf" + exif + bytes(4) + png[33:]
    assert read_header("image/png", png).orientation == 1


@pytest.mark.parametrize(
    ("mime", "data"),
    [
        ("image/png", b"\x89PNG\r\n\x1a\n" + bytes(40)),
        ("image/jpeg", b"\xff\xd8\xff\xd9"),
        ("image/jpeg", b"\xff\xd8\xff\xe0\x00\x04ab\x00\x00\x00\x00"),
        ("image/jpeg", b"\xff\xd8\xff\xda\x00\x02abc\xff\xd9"),
        ("image/webp", b"RIFF" + struct.pack("<I", 30) + b"WEBPALPH" + bytes(40)),
    ],
)
def test_nonsense_is_refused(mime: str, data: bytes) -> None:
    with pytest.raises(InputError):
        read_header(mime, data)


def exif_block(order: str, turn: int) -> bytes:
    """A TIFF block with a width entry before the orientation."""
    mark = b"MM" if order == ">" else b"II"
    entries = struct.pack(order + "HHIHH", 0x0100, 3, 1, 64, 0) + struct.pack(
        order + "HHIHH", 0x0112, 3, 1, turn, 0
    )
    return mark + struct.pack(order + "HIH", 42, 8, 2) + entries + bytes(4)
