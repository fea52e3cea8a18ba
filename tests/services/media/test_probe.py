import resource
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from services.contract.errors import PayloadTooLarge, RequestError, Unprocessable, UnsupportedMedia
from services.media.probe import MediaInfo, MediaLimits, probe_reference

PictureMaker = Callable[..., bytes]
FilmMaker = Callable[..., Path]
BlankMaker = Callable[[int, int, int, int], bytes]
LIMITS = MediaLimits()


def probe(path: Path, data: bytes, declared_type: str | None, limits: MediaLimits = LIMITS) -> MediaInfo:
    path.write_bytes(data)
    return probe_reference(path, declared_type=declared_type, limits=limits)


@pytest.mark.parametrize(
    ("encoder", "pixel_format", "mime"),
    [
        ("png", "rgb24", "image/png"),
        ("mjpeg", "yuvj420p", "image/jpeg"),
        ("libwebp", "yuv420p", "image/webp"),
    ],
)
def test_a_good_picture_is_measured(
    picture: PictureMaker, tmp_path: Path, encoder: str, pixel_format: str, mime: str
) -> None:
    data = picture(encoder, pixel_format)
    assert probe(tmp_path / "x", data, mime) == MediaInfo("image", mime, 64, 48, len(data))


@pytest.mark.parametrize(
    "declared", [None, "", "application/octet-stream", "IMAGE/PNG; name=x", "image/x-png"]
)
def test_types_that_say_nothing_else_are_taken(
    picture: PictureMaker, tmp_path: Path, declared: str | None
) -> None:
    assert probe(tmp_path / "x", picture("png", "rgb24"), declared).mime_type == "image/png"


@pytest.mark.parametrize(
    "declared", ["image/jpeg", "image/webp", "image/gif", "video/mp4", "text/plain", "x" * 9999]
)
def test_a_mislabelled_picture_is_refused(picture: PictureMaker, tmp_path: Path, declared: str) -> None:
    with pytest.raises(UnsupportedMedia) as refused:
        probe(tmp_path / "x", picture("png", "rgb24"), declared)
    assert refused.value.param == "input_reference"
    assert refused.value.status == 415
    assert len(refused.value.message) < 300


@pytest.mark.parametrize(
    "data",
    [b"GIF89a" + bytes(99), b"text", b"%PDF-1.7", b"RIFF\0\0\0\0WAVEfmt ", b"<svg/>", b"concat:/etc/passwd"],
)
@pytest.mark.parametrize("declared", [None, "image/png"])
def test_other_formats_are_refused(tmp_path: Path, data: bytes, declared: str | None) -> None:
    with pytest.raises(UnsupportedMedia) as refused:
        probe(tmp_path / "x", data, declared)
    assert refused.value.param == "input_reference"


def test_a_film_in_place_of_a_picture_is_refused(film: FilmMaker) -> None:
    with pytest.raises(UnsupportedMedia, match="is video/mp4; taken are image/png"):
        probe_reference(film(1, 16), declared_type=None, limits=LIMITS)


def test_an_animation_in_place_of_a_picture_is_refused(picture: PictureMaker, tmp_path: Path) -> None:
    png = picture("png", "rgb24")
    animated = png[:33] + struct.pack(">I4sIII", 8, b"acTL", 2, 0, 0) + png[33:]
    with pytest.raises(UnsupportedMedia, match="animated"):
        probe(tmp_path / "x", animated, "image/png")


@pytest.mark.parametrize(
    ("encoder", "pixel_format"), [("png", "rgb24"), ("mjpeg", "yuvj420p"), ("libwebp", "yuv420p")]
)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.98])
def test_a_truncated_picture_is_unprocessable(
    picture: PictureMaker, tmp_path: Path, encoder: str, pixel_format: str, share: float
) -> None:
    data = picture(encoder, pixel_format)
    with pytest.raises(Unprocessable) as refused:
        probe(tmp_path / "x", data[: int(len(data) * share)], None)
    assert refused.value.param == "input_reference"
    assert refused.value.status == 422


def test_an_empty_file_is_unprocessable(tmp_path: Path) -> None:
    with pytest.raises(Unprocessable, match="empty"):
        probe(tmp_path / "x", b"", "image/png")


def test_a_huge_picture_is_refused_before_it_is_decoded(blank_png: BlankMaker, tmp_path: Path) -> None:
    data = blank_png(15_000, 15_000, 8, 0)
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    with pytest.raises(PayloadTooLarge, match="15000x15000") as refused:
        probe(tmp_path / "x", data, "image/png", MediaLimits(memory_bytes=256 << 20))
    assert refused.value.status == 413
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 1.0
    assert time.monotonic() - began < 10


def test_a_header_that_lies_small_does_not_get_a_huge_picture_through(
    picture: PictureMaker, tmp_path: Path
) -> None:
    still = picture("libwebp", "yuv420p")[12:]
    canvas = b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\x07\0\0\x07\0\0"  # says 8 x 8, holds 64 x 48
    data = b"RIFF" + struct.pack("<I", 4 + len(canvas) + len(still)) + b"WEBP" + canvas + still
    with pytest.raises(RequestError):
        probe(tmp_path / "x", data, "image/webp", MediaLimits(max_pixels=1000))


def test_a_picture_over_the_memory_limit_is_refused(blank_png: BlankMaker, tmp_path: Path) -> None:
    with pytest.raises(PayloadTooLarge, match="memory"):
        probe(tmp_path / "x", blank_png(6000, 6000, 16, 6), "image/png", MediaLimits(memory_bytes=256 << 20))


def test_a_picture_over_the_time_limit_is_refused(picture: PictureMaker, tmp_path: Path) -> None:
    with pytest.raises(PayloadTooLarge, match="too long"):
        probe(tmp_path / "x", picture("png", "rgb24"), "image/png", MediaLimits(timeout_s=0.001))


def test_a_picture_over_the_cpu_limit_is_refused(tmp_path: Path) -> None:
    header = struct.pack(">I4sIIBBBBBI", 13, b"IHDR", 8, 8, 8, 0, 0, 0, 0, 0)
    chunks = struct.pack(">I4sI", 0, b"tEXt", 0) * 4_000_000
    with pytest.raises(Unprocessable, match="limits"):
        probe(tmp_path / "x", b"\x89PNG\r\n\x1a\n" + header + chunks, "image/png", MediaLimits(cpu_s=1))


def test_the_examiner_gets_none_of_our_environment(
    picture: PictureMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, str]] = []
    run = subprocess.run

    def spy(*args: object, **kwargs: object) -> object:
        seen.append(kwargs["env"])  # type: ignore[arg-type]
        return run(*args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setenv("REDIS_URL", "redis://:secret@example")
    monkeypatch.setattr(subprocess, "run", spy)
    probe(tmp_path / "x", picture("png", "rgb24"), "image/png")
    assert seen
    assert all("secret" not in value for env in seen for value in env.values())


def test_a_name_like_an_option_or_address_is_only_a_name(picture: PictureMaker, tmp_path: Path) -> None:
    for name in ("-x", "http:a", "a b;c"):
        assert probe(tmp_path / name, picture("png", "rgb24"), None).width == 64


def test_the_gateway_side_loads_no_decoder() -> None:
    script = "import sys, services.media.probe; print('av' in sys.modules or 'numpy' in sys.modules)"
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "False"
