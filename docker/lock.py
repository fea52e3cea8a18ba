"""Writes ``docker/locks``: what each image installs, by version and hash. Run it in the tested environment.

    .venv/bin/python docker/lock.py

Versions are those of this environment, which the tests ran in; the wheels are those for the image's Python on
Linux x86-64, with the hashes that the index gives for them.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = ROOT / "docker" / "locks"
GLIBC = ("2_17", "2_24", "2_26", "2_27", "2_28")
PYTHONS = {"gateway": "3.11", "worker": "3.11", "triton": "3.12"}
NAMES = {
    "gateway": (
        "av", "celery", "fastapi", "numpy", "pydantic", "pydantic-settings", "python-multipart", "redis",
        "structlog", "uvicorn",
    ),
    "worker": (
        "av", "celery", "certifi", "h11", "numpy", "pydantic", "pydantic-settings", "redis", "structlog",
        "tritonclient",
    ),
    "triton": ("numpy", "onnxruntime", "pydantic"),
}  # fmt: skip
"""Of pyproject.toml's dependencies, those that an image needs."""
UNDECLARED = {"gateway": ("packaging",), "worker": ("packaging",), "triton": ()}
"""What a dependency imports and does not ask for: kombu, where its broker is Redis."""


def wanted(image: str) -> list[Requirement]:
    """Of ``pyproject.toml``'s dependencies those of ``image``, as they hold for its Python."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    there = {"python_version": PYTHONS[image]}
    return [
        one
        for one in map(Requirement, project["dependencies"])
        if one.name in NAMES[image] and (one.marker is None or one.marker.evaluate(there))
    ]


def resolve(image: str) -> dict[str, tuple[str, str]]:
    """Version and SHA-256 of a wheel by name, of all that ``image`` needs."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder) / "here.txt"
        here.write_text(
            "".join(f"{one.name}=={one.version}\n" for one in distributions() if one.name != "moviola")
        )
        argv = [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"),
            *("--only-binary=:all:", f"--python-version={PYTHONS[image]}", "--implementation=cp"),
            *(f"--platform=manylinux_{one}_x86_64" for one in GLIBC),
            *(f"--constraint={here}", f"--target={folder}", f"--report={folder}/report.json"),
            *(f"{one.name}{_extras(one)}{one.specifier}" for one in wanted(image)),
            *UNDECLARED[image],
        ]
        subprocess.run(argv, check=True)
        report = json.loads((Path(folder) / "report.json").read_text())
    found: dict[str, tuple[str, str]] = {}
    for item in report["install"]:
        about, archive = item["metadata"], item["download_info"]["archive_info"]
        found[canonicalize_name(about["name"])] = (about["version"], archive["hashes"]["sha256"])
    return found


def write(image: str) -> None:
    """Write the lock of ``image``."""
    lines = [f"# Wheels for CPython {PYTHONS[image]}, Linux x86-64. Written by docker/lock.py."]
    for name, (version, digest) in sorted(resolve(image).items()):
        lines.append(f"{name}=={version} --hash=sha256:{digest}")
    (LOCKS / f"{image}.txt").write_text("\n".join(lines) + "\n")


def _extras(one: Requirement) -> str:
    return f"[{','.join(sorted(one.extras))}]" if one.extras else ""


if __name__ == "__main__":
    for image in PYTHONS:
        write(image)
