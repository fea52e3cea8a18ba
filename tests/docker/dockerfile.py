"""Dockerfiles read just far enough, and what our modules import."""

import ast
import re
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
IMAGES = ("gateway", "worker", "triton")
OURS = ("gateway", "workers", "services")
INSIDE_TRITON = {"triton_python_backend_utils"}


def instructions(image: str) -> list[tuple[str, str]]:
    """Instructions of an image's Dockerfile with their arguments, continued lines joined."""
    text = (DOCKER / f"Dockerfile.{image}").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in joined.splitlines() if line]


def last_stage(image: str) -> list[tuple[str, str]]:
    """Instructions from the last FROM on."""
    found = instructions(image)
    start = max(place for place, (word, _) in enumerate(found) if word == "FROM")
    return found[start:]


def environment(image: str) -> dict[str, str]:
    """What ENV sets in the last stage."""
    words = " ".join(rest for word, rest in last_stage(image) if word == "ENV")
    return dict(one.split("=", 1) for one in words.split())


def copied(image: str) -> list[str]:
    """Paths of the repository that an image takes."""
    sources = [
        rest.split()[:-1] for word, rest in instructions(image) if word == "COPY" and "--from" not in rest
    ]
    return [path for some in sources for path in some]


def base(image: str) -> str:
    """The default of BASE_IMAGE."""
    ((_, rest),) = [one for one in instructions(image) if one[0] == "ARG"]
    return rest.removeprefix("BASE_IMAGE=")


def lock(image: str) -> dict[str, str]:
    """Versions by name, of what an image installs. Every line has a hash."""
    lines = (DOCKER / "locks" / f"{image}.txt").read_text().splitlines()[1:]
    found = [re.fullmatch(r"([a-z0-9-]+)==(\S+) --hash=sha256:[0-9a-f]{64}", line) for line in lines]
    assert all(found), lines
    return {one[1]: one[2] for one in found if one}


def starts(image: str) -> list[Path]:
    """Modules that an image starts, also in processes of their own."""
    if image == "triton":
        return sorted((ROOT / "model_repo").glob("*/1/model.py"))
    package = {"gateway": "gateway", "worker": "workers"}[image]
    return [ROOT / package / "__main__.py", ROOT / "services" / "media" / "examine.py"]


def closure(image: str) -> tuple[set[Path], set[str]]:
    """Files of ours that an image imports, and names of others' modules."""
    waiting, seen, others = starts(image), set[Path](), set[str]()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for module in imported(path):
            if module.split(".")[0] not in OURS:
                others.add(module)
            elif file := source(module):
                waiting.append(file)
    return seen, others


def distributions(modules: set[str]) -> set[str]:
    """Names of the packages of the index that hold ``modules``."""
    known = packages_distributions()
    tops = {module.split(".")[0] for module in modules} - INSIDE_TRITON
    return {canonicalize_name(name) for top in tops for name in known.get(top, ())}


def imported(path: Path) -> Iterator[str]:
    """Names of modules, and of what is taken from them, as it may be one too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def source(module: str) -> Path | None:
    place = ROOT.joinpath(*module.split("."))
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.exists():
            return path
    return None
