"""Asks the Triton of this container how it is: ``live`` or ``ready``. Exit code 0 for yes.

A model whose process has died is answered for with errors for ever, while Triton calls itself live and ready.
So a dead one is looked for, too.
"""

import sys
from pathlib import Path
from urllib.request import urlopen

URL = "http://127.0.0.1:8000/v2/health/"
STUB = "(triton_python_b) Z"
"""Of a process's name the kernel keeps 15 letters; Z is a child that ended, and nobody asked how."""


def trouble(question: str, url: str = URL, proc: Path = Path("/proc")) -> str | None:
    """What is wrong; None if nothing is."""
    if any(STUB in _read(stat) for stat in proc.glob("[0-9]*/stat")):
        return "a model lost its process"
    try:
        with urlopen(url + question, timeout=4):
            return None
    except OSError as error:
        return f"not {question}: {error}"


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


if __name__ == "__main__":
    sys.exit(trouble(sys.argv[1]))
