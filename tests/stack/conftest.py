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

    def about(self) -> dict[str, Any]:
        """What the stack says of itself."""
        found: dict[str, Any] = json.loads((self.data_dir / "stack.json").read_text())
        return found

    def pids(self) -> dict[str, int]:
        """Process ids by part."""
        pids: dict[str, int] = self.about()["pids"]
        return pids

    def openai(self) -> OpenAI:
        return OpenAI(base_url=f"{self.url}/v1", api_key="any")

    def http(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """The exit code; what was said since the ready line is added to ``lines``."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        said, _ = self.process.communicate(timeout=60)
        self.lines += said.splitlines(keepends=True)
        return self.process.returncode


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


def order(served: Served, steps: int, seconds: int = 1) -> str:
    """Id of a small film of ``steps`` steps."""
    fields = {
        "prompt": "a blue ball",
        "size": "256x144",
        "seconds": seconds,
        "num_inference_steps": steps,
        "seed": 1,
    }
    with served.http() as client:
        return str(client.post("/v1/videos", json=fields).raise_for_status().json()["id"])


def video(served: Served, video_id: str) -> dict[str, Any]:
    with served.http() as client:
        found: dict[str, Any] = client.get(f"/v1/videos/{video_id}").raise_for_status().json()
        return found


def content(served: Served, video_id: str) -> bytes:
    with served.http() as client:
        return client.get(f"/v1/videos/{video_id}/content").raise_for_status().content


def completed(served: Served, video_id: str, seconds: float = 90) -> dict[str, Any]:
    """The video once it is completed; whoever waits for it fails if it does."""

    def final() -> dict[str, Any] | None:
        found = video(served, video_id)
        return found if found["status"] in ("completed", "failed") else None

    found: dict[str, Any] = wait_for(final, seconds)
    assert found["status"] == "completed", found
    return found


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One stack for all tests that do not break it."""
    served = serve(tmp_path_factory.mktemp("stack"))
    yield served
    served.stop()
