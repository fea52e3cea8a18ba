"""``moviola serve`` on the command line: one ready line, one clear line where it cannot start."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stack.conftest import Served

pytestmark = pytest.mark.stack


def refused(data_dir: Path, port: int) -> str:
    """What a start that fails says."""
    ended = subprocess.run(
        [sys.executable, "-m", "services.local", "serve"],
        env={**os.environ, "MOVIOLA_DATA_DIR": str(data_dir), "MOVIOLA_PORT": str(port)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    return ended.stderr


def test_a_start_says_one_line(stack: Served) -> None:
    (line,) = stack.lines
    assert line.startswith(f"moviola: ready: {stack.url}/v1")


def test_the_folder_of_a_running_stack_is_refused(stack: Served) -> None:
    assert refused(stack.data_dir, 0) == f"moviola: another stack is running on {stack.data_dir}\n"


def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert refused(tmp_path, port) == (
            f"moviola: cannot listen on 127.0.0.1:{port} (Address already in use): "
            "set MOVIOLA_PORT to another port\n"
        )
