import os
from collections.abc import Callable
from pathlib import Path

import pytest

from services.engines import fingerprint as module
from services.engines.fingerprint import fingerprint


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name, content in {
        "repo/net/config.pbtxt": b"c",
        "repo/net/configs/tensorrt.pbtxt": b"t",
        "repo/net/1/model.onnx": b"graph",
        "repo/net/1/weights.safetensors": bytes(range(256)) * 64,
        "repo/net/1/__pycache__/model.cpython-311.pyc": b"p",
        "loops/loop.py": b"l",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "repo"


def of(repository: Path, variant: str = "onnxruntime") -> bytes:
    return fingerprint(repository, repository.parent / "loops", variant)


def test_the_same_models_have_the_same_wherever_and_whenever_they_lie(
    repository: Path, tmp_path: Path
) -> None:
    known = of(repository)
    assert len(known) == 32
    os.utime(repository / "net/1/model.onnx", (0, 0))
    (repository / "net/1/__pycache__/model.cpython-312.pyc").write_bytes(b"q")
    (repository / "README").write_bytes(b"r")
    assert of(repository) == known
    for folder in ("repo", "loops"):
        (tmp_path / "other").mkdir(exist_ok=True)
        (tmp_path / folder).rename(tmp_path / "other" / folder)
    assert of(tmp_path / "other" / "repo") == known


@pytest.mark.parametrize(
    "change",
    [
        lambda repository: (repository / "net/1/model.onnx").write_bytes(b"grapi"),
        lambda repository: (repository / "net/1/weights.safetensors").write_bytes(
            bytes(range(256)) * 63 + b"x" * 256
        ),
        lambda repository: (repository / "net/1/more.safetensors").write_bytes(b""),
        lambda repository: (repository / "net/configs/tensorrt.pbtxt").write_bytes(b"u"),
        lambda repository: (repository / "net").rename(repository / "ten"),
        lambda repository: (repository.parent / "loops/loop.py").write_bytes(b"m"),
    ],
)
def test_others_have_another(repository: Path, change: Callable[[Path], object]) -> None:
    known = of(repository)
    change(repository)
    assert of(repository) != known


def test_other_engines_and_libraries_have_another(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = of(repository)
    assert of(repository, "tensorrt") != known
    monkeypatch.setattr(module, "version", lambda name: "0")
    assert of(repository) != known


def test_of_a_large_file_blocks_from_begin_to_end_are_read(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WHOLE_BYTES", 100)
    monkeypatch.setattr(module, "BLOCKS", 4)
    monkeypatch.setattr(module, "BLOCK_BYTES", 10)
    known, path = of(repository), repository / "net/1/weights.safetensors"
    whole = path.read_bytes()
    for at in (0, (len(whole) - 10) // 3, len(whole) - 1):
        path.write_bytes(whole[:at] + b"?" + whole[at + 1 :])
        assert of(repository) != known
    path.write_bytes(whole[:100] + b"?" + whole[101:])
    assert of(repository) == known  # the price of not reading all
