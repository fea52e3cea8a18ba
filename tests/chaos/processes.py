"""The processes of one case: Redis on its append-only file, a gateway, workers. What dies comes back."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import redis

from services.local.ports import free_ports
from services.local.redis import redis_answers, redis_part
from tests.chaos import film
from tests.chaos.points import Points
from tests.chaos.proxy import command

START_S = 60.0
STOP_S = 40.0
PR_SET_PDEATHSIG = 1


@dataclass
class _Process:
    argv: list[str]
    env: dict[str, str]
    running: subprocess.Popen[bytes] | None = None
    held: bool = False
    """Not to be started again."""


@dataclass
class Stack:
    """What runs under ``folder``. ``env`` is for gateway and workers; ``each`` for the n-th worker alone.
    ``wired``: which of ``gateway`` and ``workers`` reach Redis through a wire of their own (``proxy.py``)."""

    folder: Path
    workers: int = 2
    env: Mapping[str, str] = field(default_factory=dict)
    each: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    redis_env: Mapping[str, str] = field(default_factory=dict)
    wired: Sequence[str] = ()

    def __post_init__(self) -> None:
        self.points = Points(self.folder)
        self._port, self._redis_port = free_ports(2)
        self._processes: dict[str, _Process] = {}
        self._over, self._idle, self._gone = threading.Event(), threading.Event(), threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)

    @property
    def _hasty(self) -> bool:
        """Whether Redis is to answer before its writes are on disk."""
        return "fsync" in self.env.get("CHAOS_WITHOUT", "").split(",")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def redis_url(self) -> str:
        return f"redis://127.0.0.1:{self._redis_port}/0"

    @property
    def storage(self) -> Path:
        return self.folder / "data" / "storage"

    @property
    def worker_names(self) -> list[str]:
        return [f"worker-{number}" for number in range(self.workers)]

    def redis(self) -> redis.Redis:
        """A client that survives Redis's death."""
        return redis.Redis.from_url(self.redis_url, socket_timeout=5)

    def start(self, *, with_redis: bool = True) -> None:
        """Start all and wait until they answer; without Redis, until the gateway lives."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._define()
        for name in self._processes:
            self.hold(name) if name == "redis" and not with_redis else self._spawn(name)
        self._keeper.start()
        self.await_gateway("/readyz" if with_redis else "/livez")

    def await_gateway(self, path: str = "/readyz") -> None:
        """Wait until the gateway answers. Raises TimeoutError."""
        deadline = time.monotonic() + START_S
        while not _answers(self.url + path):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{path} of the gateway does not answer; see {self.folder}/logs")
            time.sleep(0.05)

    def stop(self) -> None:
        """End all; SIGKILL what does not."""
        self._over.set()
        if self._keeper.is_alive():
            self._idle.wait()
        for name in self._processes:
            self.signal(name, signal.SIGCONT)
        for name in reversed(self._processes):
            self.signal(name, signal.SIGTERM)
            process = self._processes[name].running
            if process is not None:
                try:
                    process.wait(STOP_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self._gone.set()

    def pid(self, name: str) -> int | None:
        """Process id of what runs under ``name``, or ran last."""
        process = self._processes[name].running
        return process.pid if process else None

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal, if there is somebody to take it."""
        process = self._processes[name].running
        if process is not None and process.poll() is None:
            process.send_signal(number)

    def kill(self, name: str) -> None:
        """SIGKILL; the keeper starts it again unless it is held."""
        self.signal(name, signal.SIGKILL)

    def replace(self, name: str, **env: str) -> None:
        """SIGTERM; the keeper starts it again, with ``env`` beside its own."""
        self._processes[name].env |= env
        self.signal(name, signal.SIGTERM)

    def hold(self, name: str, *, held: bool = True) -> None:
        """Whether it stays away once it is dead."""
        self._processes[name].held = held

    def await_redis(self) -> None:
        """Wait until Redis has loaded its file. Raises TimeoutError."""
        deadline = time.monotonic() + START_S
        while not redis_answers(self.redis_url):
            if time.monotonic() > deadline:
                raise TimeoutError("Redis does not answer")
            time.sleep(0.05)

    def fall_silent(self, name: str) -> None:
        """The connections to Redis that ``gateway`` or ``workers`` have are heard by nobody any more."""
        self.signal(f"wire-{name}", signal.SIGUSR1)

    def _define(self) -> None:
        manifest = film.write_manifest(self.folder / "tiny.json")
        env = {
            "REDIS_URL": self.redis_url,
            "MOVIOLA_DATA_DIR": str(self.folder / "data"),
            "MOVIOLA_MANIFESTS": str(manifest),
            "MOVIOLA_PORT": str(self._port),
            "MOVIOLA_SNAPSHOT_EVERY_S": "0",
            "MOVIOLA_WEBHOOK_NETWORKS": "127.0.0.0/8",
            "CHAOS_DIR": str(self.folder),
            "OMP_NUM_THREADS": "1",
            **self.env,
        }
        part = redis_part(self._redis_port, self.folder / "redis")
        argv = ["everysec" if self._hasty and word == "always" else word for word in part.argv]
        self._processes["redis"] = _Process(argv, dict(self.redis_env))
        wires = {name: self._wire(name) for name in self.wired}
        gateway = [sys.executable, "-m", "tests.chaos.gateway"]
        self._processes["gateway"] = _Process(gateway, env | wires.get("gateway", {}))
        for number, name in enumerate(self.worker_names):
            argv = [sys.executable, "-m", "tests.chaos.worker"]
            own = {**wires.get("workers", {}), **self.each.get(number, {})}
            self._processes[name] = _Process(argv, env | own)

    def _wire(self, name: str) -> dict[str, str]:
        (port,) = free_ports(1)
        self._processes[f"wire-{name}"] = _Process(command(port, f"127.0.0.1:{self._redis_port}"), {})
        return {"REDIS_URL": f"redis://127.0.0.1:{port}/0"}

    def _spawn(self, name: str) -> None:
        process = self._processes[name]
        logs = self.folder / "logs"
        logs.mkdir(exist_ok=True)
        with (logs / f"{name}.log").open("ab") as log:
            process.running = subprocess.Popen(
                process.argv,
                env={**os.environ, **process.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A shell that ends would wake what is frozen in its process group.
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    def _keep(self) -> None:
        while not self._over.wait(0.05):
            for name, process in self._processes.items():
                if not process.held and (process.running is None or process.running.poll() is not None):
                    self._spawn(name)
        self._idle.set()
        # What a thread started dies with it.
        self._gone.wait()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def running(stack: Stack, *, with_redis: bool = True) -> Iterator[Stack]:
    """``stack``, started; stopped at exit."""
    try:
        stack.start(with_redis=with_redis)
        yield stack
    finally:
        stack.stop()
