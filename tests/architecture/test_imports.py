"""The import table of the architecture, read from the syntax trees: who may import whom."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("gateway", "workers", "services", "training", "model_repo")
NETWORKING = ("redis", "celery", "tritonclient", "fastapi", "uvicorn")


@dataclass(frozen=True)
class Rule:
    """``folder`` may import of ours only itself and ``may``; of others nothing in ``never``."""

    folder: str
    may: tuple[str, ...]
    never: tuple[str, ...]


RULES = (
    Rule("services/contract", (), ("torch", "numpy", "av", *NETWORKING)),
    Rule("services/jobs", ("services.contract",), ("torch", "numpy", "av", "tritonclient", "fastapi")),
    Rule("services/storage", ("services.contract",), ("torch", "numpy", "av", *NETWORKING)),
    Rule("services/webhooks", ("services.contract",), ("torch", "numpy", "av", *NETWORKING)),
    Rule("services/media", ("services.contract",), ("torch", *NETWORKING)),
    Rule("services/inference", ("services.contract",), ("torch", "redis", "celery", "fastapi", "av")),
    Rule("services/sampling", ("services.contract",), ("torch", "av", *NETWORKING)),
    Rule("services/telemetry", (), ("torch", "tritonclient")),
    Rule("services/families", ("services.contract", "services.sampling"), NETWORKING),
    Rule("services/engines", ("services.contract", "services.sampling", "services.families"), NETWORKING),
    Rule("services/local", ("services.contract", "services.settings"), ("torch", "celery", "fastapi")),
    Rule(
        "gateway",
        (
            "services.contract",
            "services.jobs",
            "services.storage",
            "services.media.probe",
            "services.settings",
            "services.telemetry",
            "services.webhooks",
        ),
        ("torch", "tritonclient", "onnxruntime", "av"),
    ),
    Rule(
        "workers",
        (
            "services.contract",
            "services.jobs",
            "services.storage",
            "services.inference",
            "services.media",
            "services.settings",
            "services.telemetry",
            "services.webhooks",
        ),
        ("torch", "tritonclient", "onnxruntime", "fastapi", "av"),
    ),
    Rule(
        "model_repo", ("services.contract", "services.sampling", "services.engines"), ("torch", *NETWORKING)
    ),
)


def imports(path: Path) -> Iterator[str]:
    """Absolute names of all modules and members that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.folder)
def test_imports_stay_within_the_table(rule: Rule) -> None:
    files = sorted((ROOT / rule.folder).rglob("*.py"))
    assert files, f"no files in {rule.folder}"
    itself = rule.folder.replace("/", ".")
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in imports(path)
        if within(name, rule.never) or (within(name, OURS) and not within(name, (itself, *rule.may)))
    ]
    assert not wrong, "\n".join(wrong)


def test_only_exports_and_families_know_torch() -> None:
    knowing = {
        str(path.relative_to(ROOT))
        for package in ("gateway", "workers", "services", "model_repo")
        for path in (ROOT / package).rglob("*.py")
        if any(within(name, ("torch",)) for name in imports(path))
    }
    assert all(name.startswith(("services/families/", "services/engines/")) for name in knowing), knowing


def test_no_import_cycles() -> None:
    graph = {module: set(_targets(path)) for module, path in _modules().items()}
    done: set[str] = set()
    for start in graph:
        _visit(start, graph, [], done)


def _modules() -> dict[str, Path]:
    found = {}
    for package in OURS[:-1]:
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _targets(path: Path) -> Iterator[str]:
    known = _modules()
    for name in imports(path):
        for candidate in (name, name.rpartition(".")[0]):
            if candidate in known:
                yield candidate
                break


def _visit(module: str, graph: dict[str, set[str]], trail: list[str], done: set[str]) -> None:
    assert module not in trail, "import cycle: " + " -> ".join([*trail[trail.index(module) :], module])
    if module in done:
        return
    for target in graph[module] - {module}:
        _visit(target, graph, [*trail, module], done)
    done.add(module)


def test_broad_excepts_stand_only_at_the_edges() -> None:
    edges = ("gateway/errors.py", "workers/tasks.py", "services/engines/serve.py")
    wrong = []
    for package in ("gateway", "workers", "services", "model_repo"):
        for path in (ROOT / package).rglob("*.py"):
            name = str(path.relative_to(ROOT))
            if name not in edges and not (name.startswith("model_repo/") and name.endswith("/model.py")):
                wrong += [
                    f"{name}:{node.lineno}"
                    for node in ast.walk(ast.parse(path.read_text()))
                    if _catches_all(node)
                ]
    assert not wrong, wrong


def _catches_all(node: ast.AST) -> bool:
    if not isinstance(node, ast.ExceptHandler):
        return False
    caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return any(one is None or getattr(one, "id", "") in ("Exception", "BaseException") for one in caught)
