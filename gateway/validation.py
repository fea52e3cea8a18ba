"""From pydantic's list of problems to the one that a client is told of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

KNOWN = {
    "missing": ("missing_required_parameter", "is required"),
    "extra_forbidden": ("unknown_parameter", "is not a known field"),
}


@dataclass(frozen=True)
class Problem:
    """``param`` is the path of the field, dotted."""

    message: str
    code: str
    param: str | None


def first_problem(errors: Sequence[Mapping[str, Any]], skip: int = 0) -> Problem:
    """The first of pydantic's ``errors``, without the value that was sent. ``skip`` leading parts of its path
    (such as FastAPI's ``query``) are left out."""
    error = errors[0]
    param = ".".join(map(str, error["loc"][skip:])) or None
    code, text = KNOWN.get(error["type"], ("invalid_value", error["msg"]))
    return Problem(f"{param}: {text}" if param else text, code, param)
