"""Form names with brackets: ``a[b]=1`` is a field of an object, ``a[]=1`` one of a list."""

import re
from collections.abc import Iterable

from services.contract.errors import InvalidRequest

MAX_DEPTH = 8

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_STEP = re.compile(r"\[([^\[\]]*)\]")
Tree = dict[str, object]


def unflatten(items: Iterable[tuple[str, object]]) -> Tree:
    """Nested objects and lists from flat names. Raises InvalidRequest for names that are malformed, too deep,
    given twice, or both a value and an object."""
    tree: Tree = {}
    for name, value in items:
        _insert(tree, name, _path(name), value)
    return tree


def _path(name: str) -> list[str]:
    match = _NAME.fullmatch(name)
    if match is None:
        raise InvalidRequest("malformed field name", param=name or None, code="unknown_parameter")
    path = [match[1], *_STEP.findall(match[2])]
    if len(path) > MAX_DEPTH or "" in path[1:-1]:
        raise InvalidRequest("field name is nested too deeply", param=match[1], code="unknown_parameter")
    return path


def _insert(tree: Tree, name: str, path: list[str], value: object) -> None:
    is_list = path[-1] == ""
    *parents, last = path[:-1] if is_list else path
    node = tree
    for step in parents:
        child = node.setdefault(step, {})
        if not isinstance(child, dict):
            raise InvalidRequest(f"{name} clashes with another field", param=path[0])
        node = child
    if is_list:
        values = node.setdefault(last, [])
        if not isinstance(values, list):
            raise InvalidRequest(f"{name} clashes with another field", param=path[0])
        values.append(value)
    elif last in node:
        raise InvalidRequest(f"{name} is given more than once", param=path[0])
    else:
        node[last] = value
