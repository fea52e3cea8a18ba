"""Notices that the networks are replaced while they are measured."""

from pathlib import Path

from services.contract.errors import ConfigurationError


class Guard:
    """Looks after the graphs and weights of a model repository, from now on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamp = self._look()

    def check(self) -> None:
        """Raises ConfigurationError if a file is another one now, or has been written again."""
        if self._look() != self._stamp:
            raise ConfigurationError(
                f"the networks in {self._folder} were replaced meanwhile: run again; what came before is kept"
            )

    def _look(self) -> list[tuple[str, int, int]]:
        files = sorted(
            path for path in self._folder.glob("*/1/*") if path.suffix in (".onnx", ".safetensors")
        )
        return [(str(file), stat.st_mtime_ns, stat.st_size) for file in files for stat in (file.stat(),)]
