"""Classifier-free guidance, on arrays of numpy or torch alike."""

from typing import Any, TypeVar

X = TypeVar("X")


def guide(velocities: X, scale: float) -> X:
    """One velocity [...] from two [2,...]: row 0 without the text (or with the negative one), row 1 with it.

    Scale 1 gives row 1; larger ones go beyond it, away from row 0.
    """
    rows: Any = velocities
    guided: X = rows[0] + scale * (rows[1] - rows[0])
    return guided
