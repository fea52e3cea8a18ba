"""The casts on offer, by every name that a client may ask for."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from services.contract.cast import CastManifest
from services.contract.errors import ConfigurationError, InvalidRequest


@dataclass(frozen=True)
class Catalog:
    """``by_name``: casts under their own names, then under aliases. The first is the default."""

    by_name: dict[str, CastManifest]

    @classmethod
    def build(cls, casts: Sequence[CastManifest], aliases: Sequence[str] = ()) -> Self:
        """Casts in order of preference; each alias is the first one. Raises ConfigurationError on a clash."""
        if not casts:
            raise ConfigurationError("no cast manifest is configured")
        names = [cast.name for cast in casts] + list(aliases)
        if len(set(names)) < len(names):
            raise ConfigurationError(f"two casts or aliases share a name: {', '.join(sorted(names))}")
        return cls({cast.name: cast for cast in casts} | dict.fromkeys(aliases, casts[0]))

    @classmethod
    def read(cls, manifests: Sequence[Path], aliases: Sequence[str]) -> Self:
        """From manifest files. Raises ConfigurationError where one is missing or wrong."""
        return cls.build([CastManifest.read(path) for path in manifests], aliases)

    def find(self, name: str | None) -> tuple[str, CastManifest]:
        """The name as asked (the default cast's for None) and its cast. Raises InvalidRequest."""
        if name is None:
            name = next(iter(self.by_name))
        if name not in self.by_name:
            offered = ", ".join(self.by_name)
            raise InvalidRequest(f"no such model; there are {offered}", param="model", code="model_not_found")
        return name, self.by_name[name]
