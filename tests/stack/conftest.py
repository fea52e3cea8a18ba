"""The whole stack as a user starts it: ``moviola serve`` in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI

from services.local.ports import free_ports

START_S = 120


@dataclass
class Served:
    """A running ``moviola serve``."""

    process: subprocess.Popen[str]
    data_dir: Path
    port: int
    lines: list[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def pids(self) -> dict[str, int]:
        """Process ids by part."""
        return json.loads((self.data_dir / "stack.json").read_text())["pids"]

    def openai(self) -> OpenAI:
        return OpenAI(base_url=f"{self.url}/v1", api_key="any")

    def http(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=30)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(60)


def serve(data_dir: Path, **env: str) -> Served:
    """Start the stack on ``data_dir`` and wait for its ready line."""
    (port,) = free_ports(1)
    process = subprocess.Popen(
        [sys.executable, "-m", "services.local", "serve"],
        env={**os.environ, "MOVIOLA_DATA_DIR": str(data_dir), "MOVIOLA_PORT": str(port), **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    served = Served(process, data_dir, port, [])
    assert process.stdout is not None
    for line in process.stdout:
        served.lines.append(line)
        if "ready:" in line:
            return served
    raise AssertionError("the stack did not start:\n" + "".join(served.lines))


def wait_for(condition: Callable[[], Any], seconds: float) -> Any:
    """The first true value of ``condition`` within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.1)
    return value


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One stack for all tests that do not break it."""
    served = serve(tmp_path_factory.mktemp("stack"))
    yield served
    served.stop()
