"""What a model repository would make of an order, as one number: other networks or loops have another."""

import hashlib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

LIBRARIES = ("numpy", "onnxruntime")
WHOLE_BYTES = 256 * 2**20
BLOCKS, BLOCK_BYTES = 256, 2**20


def fingerprint(repository: Path, loops: Path, variant: str) -> bytes:
    """SHA-256 [32 bytes] of the models of ``repository`` (graphs, weights, plans, configurations), of the
    code of the loops in the folder ``loops``, of the libraries' versions, and of ``variant``, which of its
    configurations Triton goes by.

    Of a file of more than ``WHOLE_BYTES`` its size and ``BLOCKS`` blocks, evenly spread, are read: weights
    that were trained on differ in all of them. Raises OSError.
    """
    digest = hashlib.sha256(f"{variant}\n".encode())
    for library in LIBRARIES:
        digest.update(f"{library} {_version(library)}\n".encode())
    for root, files in ((repository, _served(repository)), (loops, loops.glob("*.py"))):
        for path in sorted(files):
            digest.update(f"{path.relative_to(root)} {path.stat().st_size}\n".encode())
            digest.update(_content(path))
    return digest.digest()


def _served(repository: Path) -> Iterator[Path]:
    for pattern in ("*/config.pbtxt", "*/configs/*.pbtxt", "*/[0-9]*/*"):
        yield from (path for path in repository.glob(pattern) if path.is_file() and path.suffix != ".pyc")


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "none"


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        size = path.stat().st_size
        if size <= WHOLE_BYTES:
            return hashlib.file_digest(file, "sha256").digest()
        digest = hashlib.sha256()
        for block in range(BLOCKS):
            file.seek(block * (size - BLOCK_BYTES) // (BLOCKS - 1))
            digest.update(file.read(BLOCK_BYTES))
        return digest.digest()
