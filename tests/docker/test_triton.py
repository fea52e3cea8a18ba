"""How Triton's container starts, and how it is asked how it is."""

import importlib.util
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from services.local.triton import _STUB, triton_folder, triton_part
from tests.docker.dockerfile import DOCKER, ROOT

SHM = Path("/dev/shm")


def load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, DOCKER / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


probe = load("triton_probe")


@pytest.fixture
def started(tmp_path: Path) -> list[str]:
    """Words with which the script calls tritonserver."""
    server = tmp_path / "tritonserver"
    server.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    server.chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "MODEL_REPOSITORY": "/models"}
    script = ["sh", str(DOCKER / "triton.sh"), "--model-config-name=tensorrt"]
    return subprocess.run(script, env=env, check=True, capture_output=True, text=True).stdout.splitlines()


def test_options_are_passed_on(started: list[str]) -> None:
    assert started[0] == "--model-repository=/models"
    assert started[-1] == "--model-config-name=tensorrt"


def test_it_starts_as_the_embedded_one(started: list[str], tmp_path: Path) -> None:
    embedded = set(triton_part(ROOT / "model_repo", tmp_path, (8001, 8000, 8002)).argv)
    same = {
        "--model-control-mode=none",
        "--disable-auto-complete-config",
        "--http-address=127.0.0.1",
        "--http-port=8000",
        "--grpc-port=8001",
        "--metrics-port=8002",
        "--exit-timeout-secs=5",
    }
    assert same <= set(started)
    assert same <= embedded


def test_triton_knows_every_option(started: list[str]) -> None:
    server = triton_folder()
    env = {"LD_LIBRARY_PATH": str(server.parents[1] / "nvidia_pytriton.libs")}
    told = subprocess.run(
        [server / "bin" / "tritonserver", "--help"], env=env, capture_output=True, text=True, check=False
    )
    known = (told.stdout + told.stderr).split()
    assert [option for option in started if option.split("=")[0] not in known] == []


def test_leftovers_are_removed_and_nothing_else(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    ours, others = SHM / "moviola_pod_test", SHM / f"moviola-test-{os.getpid()}"
    try:
        ours.touch()
        others.touch()
        request.getfixturevalue("started")
        assert not ours.exists()
        assert others.exists()
    finally:
        ours.unlink(missing_ok=True)
        others.unlink(missing_ok=True)


@pytest.fixture
def triton() -> Iterator[str]:
    """The URL of a server that is live and not ready."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path.endswith("/live") else 400)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Health)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v2/health/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_live_and_not_ready(triton: str, tmp_path: Path) -> None:
    assert probe.trouble("live", triton, tmp_path) is None
    assert "not ready" in probe.trouble("ready", triton, tmp_path)


def test_a_triton_that_is_not_there(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert "not live" in probe.trouble("live", f"http://127.0.0.1:{taken.getsockname()[1]}/", tmp_path)


def test_a_model_without_its_process(triton: str, tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_text(f"7 ({_STUB[:15]}) S 1 7")
    assert probe.trouble("live", triton, tmp_path) is None
    (tmp_path / "7" / "stat").write_text(f"7 ({_STUB[:15]}) Z 1 7")
    assert probe.trouble("live", triton, tmp_path) == "a model lost its process"


def test_processes_that_go_while_they_are_looked_at(triton: str, tmp_path: Path) -> None:
    (tmp_path / "8").mkdir()
    (tmp_path / "8" / "stat").symlink_to(tmp_path / "gone")
    assert probe.trouble("live", triton, tmp_path) is None
