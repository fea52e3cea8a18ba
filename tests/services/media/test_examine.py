import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from services.contract.errors import InputError
from services.media.examine import examine_picture
from services.media.probe import Verdict

PictureMaker = Callable[..., bytes]
ROOT = Path(__file__).parents[3]


def test_the_header_is_judged_before_anything_is_decoded(picture: PictureMaker, tmp_path: Path) -> None:
    png = picture("png", "rgb24")
    (tmp_path / "x").write_bytes(png[:60] + bytes(len(png) - 72) + png[-12:-8] + b"IEND" + png[-4:])
    found = examine_picture(tmp_path / "x", "image/png", 64 * 48 - 1)
    assert found["verdict"] == Verdict.TOO_LARGE
    with pytest.raises(InputError):
        examine_picture(tmp_path / "x", "image/png", 64 * 48)


def test_size_is_given_as_shown(picture: PictureMaker, tmp_path: Path) -> None:
    jpeg = picture("mjpeg", "yuvj420p")
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06" + bytes(6)
    turned = jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]
    (tmp_path / "x").write_bytes(turned)
    found = examine_picture(tmp_path / "x", "image/jpeg", 10_000)
    assert found == {"verdict": "good", "width": 48, "height": 64}


def test_one_line_of_json_is_said(picture: PictureMaker, tmp_path: Path) -> None:
    for name, data in (("good", picture("png", "rgb24")), ("broken", picture("png", "rgb24")[:-40])):
        (tmp_path / name).write_bytes(data)
        words = [str(tmp_path / name), "image/png", "10000", str(1 << 30), "5"]
        command = [sys.executable, "-m", "services.media.examine", *words]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
        assert json.loads(done.stdout)["verdict"] == name
        assert done.stderr == b""


CONFINED = """
import sys
from services.media.examine import limit
limit(1 << 30, 5)
try:
    with open(sys.argv[1], "w") as file:
        file.write("x" * 100)
except OSError as error:
    print(type(error).__name__)
try:
    bytearray(2 << 30)
except MemoryError:
    print("MemoryError")
"""


def test_a_limited_process_can_write_no_file_and_take_no_more_memory(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CONFINED, str(tmp_path / "out")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    assert done.stdout.split() == ["OSError", "MemoryError"]
    assert not (tmp_path / "out").exists() or not (tmp_path / "out").stat().st_size
