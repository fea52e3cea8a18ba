"""The way to a stack that is started when the first film is ordered."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from services.contract.errors import ConfigurationError
from services.local.ports import free_ports
from services.local.stack import running_stack
from services.local.supervisor import Supervisor
from training.evaluation.api import Client


class Connection:
    """Gives threads a client of the gateway at `url`; without one, of a stack of its own in `folder`.

    The thread that calls `attend` starts the stack and mends it: its parts end with that thread.
    """

    def __init__(self, url: str | None, folder: Path, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._say = say
        self._client = Client(url) if url else None
        self._supervisor: Supervisor | None = None
        self._wanted = threading.Event()
        self._settled = threading.Event()
        self._exit = ExitStack()

    def __enter__(self) -> "Connection":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._settled.set()
        self._exit.__exit__(kind, error, trace)

    def client(self) -> Client:
        """The client, once there is one. Raises ConfigurationError if there will be none."""
        if self._client is None:
            self._wanted.set()
            self._settled.wait()
        if self._client is None:
            raise ConfigurationError("the stack did not start")
        return self._client

    def attend(self) -> None:
        """Start the stack if somebody waits for it, mend it if it runs. Raises as `running_stack` does."""
        if self._supervisor:
            self._supervisor.mend()
        elif self._wanted.is_set():
            self._start()

    def _start(self) -> None:
        (port,) = free_ports(1)
        try:
            running = self._exit.enter_context(running_stack(port, self._folder, self._say))
            self._supervisor, self._client = running.supervisor, Client(running.url)
        finally:
            self._settled.set()
