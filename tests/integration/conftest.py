"""A real Triton on the models of the repository, watched as `make serve` watches it."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.inference.client import Inference
from services.local.ports import free_ports
from services.local.supervisor import Supervisor
from services.local.triton import triton_part

REPOSITORY = Path(__file__).parents[2] / "model_repo"


@dataclass(frozen=True)
class Server:
    """A running Triton. ``url`` is its gRPC's host:port."""

    url: str
    http: str
    supervisor: Supervisor

    @property
    def pid(self) -> int:
        return self.supervisor.pids["triton"]

    def executions(self, model: str) -> int:
        """How often ``model`` has run since the start."""
        answer: dict[str, Any] = httpx.get(f"{self.http}/v2/models/{model}/stats", trust_env=False).json()
        return int(answer["model_stats"][0]["execution_count"])


@pytest.fixture(scope="session")
def triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Triton of this test run, shared by its tests."""
    folder = tmp_path_factory.mktemp("triton")
    grpc, http, metrics = free_ports(3)
    supervisor = Supervisor(folder, print)
    watch = threading.Thread(target=supervisor.watch)
    try:
        supervisor.start([triton_part(REPOSITORY, folder, (grpc, http, metrics))])
        watch.start()
        yield Server(f"127.0.0.1:{grpc}", f"http://127.0.0.1:{http}", supervisor)
    finally:
        supervisor.stopping.set()
        if watch.ident is not None:
            watch.join()
        supervisor.stop()


@pytest.fixture
def inference(triton: Server) -> Iterator[Inference]:
    """A client with shared memory."""
    with Inference(triton.url, shared_memory=True) as client:
        yield client
