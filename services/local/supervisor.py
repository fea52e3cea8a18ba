"""Keeps the processes of a stack running: starts them in order, restarts what dies, stops all."""

import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.contract.errors import ConfigurationError

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Part:
    """A process of the stack. ``ready`` asks without blocking for long; ``start_s`` bounds its start and
    ``grace_s`` the time from SIGTERM to SIGKILL. ``ailment`` says of a running process, by its id, why it has
    to be started anew. ``clean`` removes what a killed one leaves: before each start and after the end."""

    name: str
    argv: Sequence[str]
    ready: Callable[[], bool]
    env: Mapping[str, str] = field(default_factory=dict)
    start_s: float = 120.0
    grace_s: float = 10.0
    ailment: Callable[[int], str | None] = lambda _pid: None
    clean: Callable[[], None] = lambda: None


@dataclass
class _Running:
    part: Part
    process: subprocess.Popen[bytes]
    restarts: int = 0
    since: float = field(default_factory=time.monotonic)
    restart_at: float | None = None


class Supervisor:
    """Runs parts until stopped. Output goes to ``<logs>/<name>.log``; ``say`` gets lines for people, and
    ``on_restart`` is called after each restart."""

    def __init__(
        self, logs: Path, say: Callable[[str], None], on_restart: Callable[[], None] = lambda: None
    ) -> None:
        self._logs = logs
        self._say = say
        self._on_restart = on_restart
        self._running: list[_Running] = []
        self.stopping = threading.Event()

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by part."""
        return {one.part.name: one.process.pid for one in self._running}

    def start(self, parts: Sequence[Part]) -> None:
        """Start ``parts`` together and wait until all are ready. Raises ConfigurationError if one is not."""
        batch = [_Running(part, self._spawn(part)) for part in parts]
        self._running += batch
        for one in batch:
            self._await_ready(one)

    def watch(self) -> None:
        """Mend every moment, until ``stopping`` is set."""
        while not self.stopping.wait(0.2):
            self.mend()

    def mend(self) -> None:
        """Restart parts that died or ail, each later than the time before if it does so again and again."""
        for one in self._running:
            self._mend(one)

    def stop(self) -> None:
        """Stop all parts, the last started first; SIGKILL what outlives its grace."""
        self.stopping.set()
        for one in reversed(self._running):
            one.process.send_signal(signal.SIGTERM)
            try:
                one.process.wait(one.part.grace_s)
            except subprocess.TimeoutExpired:
                self._say(f"{one.part.name} did not stop within {one.part.grace_s:g} s: killed")
            _signal_group(one.process, signal.SIGKILL)
            one.process.wait()
            one.part.clean()
        self._running.clear()

    def _spawn(self, part: Part) -> subprocess.Popen[bytes]:
        part.clean()
        with (self._logs / f"{part.name}.log").open("ab") as log:
            return subprocess.Popen(
                part.argv,
                env={**os.environ, **part.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # a killed supervisor must not leave servers behind
            )

    def _await_ready(self, one: _Running) -> None:
        deadline = time.monotonic() + one.part.start_s
        while not one.part.ready():
            if self.stopping.is_set():
                return
            code = one.process.poll()
            if code is not None or time.monotonic() > deadline:
                why = f"ended with exit code {code}" if code is not None else "did not become ready"
                raise ConfigurationError(f"{one.part.name} {why}; see {self._logs / one.part.name}.log")
            time.sleep(0.1)

    def _mend(self, one: _Running) -> None:
        now = time.monotonic()
        if one.restart_at is None:
            why = _trouble(one)
            if why is None:
                if now - one.since > 60:
                    one.restarts = 0
                return
            delay = min(30.0, 0.5 * 2**one.restarts) if one.restarts else 0.0
            one.restart_at = now + delay
            self._say(f"{one.part.name} {why}; restarting" + (f" in {delay:g} s" if delay else ""))
            _signal_group(one.process, signal.SIGKILL)
        if now >= one.restart_at:
            one.process.wait()
            one.process, one.since, one.restart_at = self._spawn(one.part), now, None
            one.restarts += 1
            self._on_restart()


def _trouble(one: _Running) -> str | None:
    code = one.process.poll()
    if code is None:
        return one.part.ailment(one.process.pid)
    return f"died ({signal.Signals(-code).name if code < 0 else f'exit code {code}'})"


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
