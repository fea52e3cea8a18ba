"""Libraries that stand before a process's own C library: it is the process that is made to see or wait."""

import shutil
import subprocess
from pathlib import Path


def has_compiler() -> bool:
    """Whether they can be made here."""
    return shutil.which("cc") is not None


def library(source: str, path: Path) -> Path:
    """Compile C to a shared library beside ``path``. Raises CalledProcessError."""
    code, shared = path.with_suffix(".c"), path.with_suffix(".so")
    code.write_text(source)
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", shared, code], check=True)
    return shared
