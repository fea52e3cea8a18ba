"""The whole stack on one machine, under one folder."""

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from services.contract.errors import ConfigurationError
from services.local.lock import held
from services.local.ports import free_ports
from services.local.redis import redis_part
from services.local.supervisor import Part, Supervisor
from services.local.triton import triton_part
from services.settings import GatewaySettings, StorageSettings, WorkerSettings

ROOT = Path(__file__).parents[2]
LOG_LIMIT_BYTES = 16 * 2**20
LOOPBACK = ("127.0.0.1", "::1", "localhost")
MALLOC_MMAP_BYTES = 2**20
"""From this size on, what the worker frees goes back to the system. Else glibc keeps the encoder's frames."""


@dataclass(frozen=True)
class Stack:
    """A running stack. ``url`` is the gateway's. Somebody has to watch ``supervisor``."""

    url: str
    redis_url: str
    triton_url: str
    supervisor: Supervisor


@contextmanager
def running_stack(port: int, data_dir: Path, say: Callable[[str], None]) -> Iterator[Stack]:
    """Start what is not given by ``REDIS_URL`` and ``TRITON_URL``, then worker and gateway; stop all at exit.

    Raises ConfigurationError if a part does not start, another stack uses ``data_dir`` or another program the
    port.
    """
    data_dir = data_dir.resolve()
    logs = data_dir / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    host, about = GatewaySettings().host, data_dir / "stack.json"
    url = f"http://{_reachable(host)}:{port}"
    with held(data_dir / "lock", f"another stack is running on {data_dir}"):
        _check_port(host, port)
        _trim(logs)

        def note() -> None:
            known = {"url": url, **addresses, "pids": supervisor.pids, "pid": os.getpid()}
            fresh = about.with_suffix(".new")
            fresh.write_text(json.dumps(known, indent=1))
            fresh.replace(about)

        supervisor = Supervisor(logs, say, note)
        try:
            servers, addresses = _servers(data_dir)
            supervisor.start(servers)
            supervisor.start(_own(host, port, data_dir, addresses))
            note()
            yield Stack(url, addresses["REDIS_URL"], addresses["TRITON_URL"], supervisor)
        finally:
            supervisor.stop()
            about.unlink(missing_ok=True)


def _servers(data_dir: Path) -> tuple[list[Part], dict[str, str]]:
    """Redis and Triton, unless the environment names others."""
    redis_port, grpc, http, metrics = free_ports(4)
    addresses = {
        "REDIS_URL": os.environ.get("REDIS_URL", f"redis://127.0.0.1:{redis_port}/0"),
        "TRITON_URL": os.environ.get("TRITON_URL", f"127.0.0.1:{grpc}"),
    }
    parts = []
    if "REDIS_URL" not in os.environ:
        parts.append(redis_part(redis_port, data_dir / "redis"))
    if "TRITON_URL" not in os.environ:
        parts.append(triton_part(ROOT / "model_repo", data_dir / "triton", (grpc, http, metrics)))
    return parts, addresses


def _own(host: str, port: int, data_dir: Path, addresses: Mapping[str, str]) -> list[Part]:
    env = {
        **addresses,
        "MOVIOLA_DATA_DIR": str(data_dir),
        "MOVIOLA_HOST": host,
        "MOVIOLA_PORT": str(port),
        "PYTHONUNBUFFERED": "1",
        **_webhooks(host),
    }
    started = data_dir / "worker.ready"
    started.unlink(missing_ok=True)
    return [
        Part(
            "worker",
            [sys.executable, "-m", "workers"],
            started.exists,
            {**env, "MOVIOLA_READY_FILE": str(started), "MALLOC_MMAP_THRESHOLD_": str(MALLOC_MMAP_BYTES)},
            grace_s=WorkerSettings().grace_s + 5,
        ),
        Part("gateway", [sys.executable, "-m", "gateway"], lambda: _answers(_reachable(host), port), env),
    ]


def _webhooks(host: str) -> dict[str, str]:
    """A stack that serves this machine alone may call receivers on it."""
    if host not in LOOPBACK or GatewaySettings().allow_anonymous:
        return {}
    return {"MOVIOLA_WEBHOOK_NETWORKS": os.environ.get("MOVIOLA_WEBHOOK_NETWORKS", "127.0.0.0/8,::1/128")}


def _check_port(host: str, port: int) -> None:
    """Raises ConfigurationError where the gateway could not listen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigurationError(
                f"cannot listen on {host}:{port} ({error.strerror}): set MOVIOLA_PORT to another port"
            ) from error


def _answers(host: str, port: int) -> bool:
    try:
        return httpx.get(f"http://{host}:{port}/readyz", timeout=2, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host


def _trim(logs: Path) -> None:
    for log in logs.glob("*.log"):
        if log.stat().st_size > LOG_LIMIT_BYTES:
            log.replace(log.with_suffix(".log.1"))


def default_data_dir() -> Path:
    """``MOVIOLA_DATA_DIR`` or ``.data``."""
    return StorageSettings().data_dir
