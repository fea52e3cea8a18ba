"""By what an attempt finds the work of earlier ones: its mark, a word for all that their bytes depend on.

What another version, other networks or another manifest left behind has another mark: it lies elsewhere, is
not seen, and goes with the job.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from services.contract.cast import CastManifest
from services.contract.errors import InferenceUnavailable

FORMAT = 1
"""To be raised when snapshots or segments hold something else, or a film is made of them in another way."""


def mark(*words: str) -> str:
    """A name in storage for ``words``."""
    return hashlib.sha256("\n".join((str(FORMAT), *words)).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Makers:
    """The networks and loops of an attempt, as they were at its begin. ``now`` asks for their fingerprint."""

    fingerprint: str
    now: Callable[[], str]

    @classmethod
    def at_work(cls, now: Callable[[], str]) -> "Makers":
        """Those that answer now. Raises InferenceUnavailable."""
        return cls(now(), now)

    def mark(self, cast: CastManifest) -> str:
        """The mark of what they make with ``cast``."""
        return mark(self.fingerprint, cast.model_dump_json())

    def check(self) -> None:
        """Raises InferenceUnavailable where others have taken their place: a film is made by one cast."""
        if self.now() != self.fingerprint:
            raise InferenceUnavailable("the networks were replaced while the film was made")
