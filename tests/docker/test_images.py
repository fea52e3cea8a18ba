"""The images: what they are made of, and as whom they run."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from services.local.stack import MALLOC_MMAP_BYTES
from tests.docker.dockerfile import (
    DOCKER,
    IMAGES,
    ROOT,
    base,
    closure,
    copied,
    distributions,
    environment,
    instructions,
    last_stage,
    lock,
)

PYTHONS = {"gateway": "3.11", "worker": "3.11", "triton": "3.12"}


def test_hadolint_finds_nothing() -> None:
    files = sorted(map(str, DOCKER.glob("Dockerfile.*")))
    assert len(files) == len(IMAGES)
    done = subprocess.run(
        [Path(sys.executable).parent / "hadolint", *files], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("", 0)


@pytest.mark.parametrize("image", IMAGES)
def test_bases_are_pinned_and_can_be_replaced(image: str) -> None:
    assert re.fullmatch(r"[a-z.]+/[a-z/]+:\d+\.\d+(\.\d+)?-\S+", base(image))
    assert all(rest.startswith("${BASE_IMAGE}") for word, rest in instructions(image) if word == "FROM")


@pytest.mark.parametrize("image", IMAGES)
def test_nobody_runs_as_root(image: str) -> None:
    (*_, user) = [rest for word, rest in last_stage(image) if word == "USER"]
    assert user == "10001:10001"


@pytest.mark.parametrize("image", IMAGES)
def test_nothing_is_fetched_that_has_no_hash(image: str) -> None:
    words = " ".join(rest for word, rest in instructions(image) if word == "RUN")
    assert words.count("pip install") == words.count("--require-hashes") == 1
    assert not re.search(r"curl|wget|apt-get|git ", words)
    assert not [word for word, _ in instructions(image) if word == "ADD"]


@pytest.mark.parametrize("image", IMAGES)
def test_what_is_copied_exists_and_is_not_ignored(image: str) -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"}
    for path in copied(image):
        assert (ROOT / path).exists()
        assert path.split("/")[0] in let_in


@pytest.mark.parametrize("image", IMAGES)
def test_what_is_imported_is_copied(image: str) -> None:
    files, _ = closure(image)
    assert len(files) > 10
    for file in files:
        path = file.relative_to(ROOT)
        assert any(path.is_relative_to(one) for one in copied(image)), path
        assert not path.is_relative_to("services/local")


@pytest.mark.parametrize("image", IMAGES)
def test_what_is_imported_is_installed(image: str) -> None:
    _, modules = closure(image)
    assert distributions(modules) <= set(lock(image))
    assert not {"torch", "onnx"} & set(lock(image))


@pytest.mark.parametrize("image", ["gateway", "worker"])
def test_what_kombu_imports_and_does_not_ask_for_is_installed(image: str) -> None:
    assert "packaging" in lock(image)


@pytest.mark.parametrize("image", IMAGES)
def test_locks_keep_to_the_projects_versions(image: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = lock(image)
    for one in map(Requirement, project["dependencies"]):
        if one.name in locked and (
            one.marker is None or one.marker.evaluate({"python_version": PYTHONS[image]})
        ):
            assert one.specifier.contains(locked[one.name]), one


@pytest.mark.parametrize("image", IMAGES)
def test_locks_are_for_the_python_of_the_base(image: str) -> None:
    first = (DOCKER / "locks" / f"{image}.txt").read_text().splitlines()[0]
    assert f"CPython {PYTHONS[image]}," in first
    if image != "triton":
        assert f"/python:{PYTHONS[image]}." in base(image)


def test_the_worker_gives_its_memory_back_as_the_embedded_one_does() -> None:
    assert environment("worker")["MALLOC_MMAP_THRESHOLD_"] == str(MALLOC_MMAP_BYTES)


def test_the_runtime_of_the_networks_tells_its_makers_nothing() -> None:
    assert environment("triton")["ORT_DISABLE_TELEMETRY"] == "1"
