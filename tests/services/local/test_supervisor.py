import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.contract.errors import ConfigurationError
from services.local.supervisor import Part, Supervisor

SLEEPER = "import time; time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); {SLEEPER}"


def part(name: str, code: str, ready: Callable[[], bool] = lambda: True, grace_s: float = 5.0) -> Part:
    return Part(name, [sys.executable, "-c", code], ready, start_s=5, grace_s=grace_s)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Iterator[Supervisor]:
    one = Supervisor(tmp_path, said.append)
    yield one
    one.stop()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(condition: Callable[[], object], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.02)


def test_stop_ends_all_parts(supervisor: Supervisor) -> None:
    supervisor.start([part("a", SLEEPER), part("b", SLEEPER)])
    pids = list(supervisor.pids.values())
    assert all(map(alive, pids))
    supervisor.stop()
    assert not any(map(alive, pids))


def test_a_part_that_dies_is_restarted_and_said(supervisor: Supervisor, said: list[str]) -> None:
    supervisor.start([part("a", SLEEPER)])
    first = supervisor.pids["a"]
    watching = threading.Thread(target=supervisor.watch)
    watching.start()
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: supervisor.pids["a"] != first)
    supervisor.stopping.set()
    watching.join()
    assert said == ["a died (SIGKILL); restarting"]
    assert alive(supervisor.pids["a"])


def test_a_part_that_ails_is_restarted_and_said(tmp_path: Path, said: list[str]) -> None:
    events: list[str] = []
    supervisor = Supervisor(tmp_path, said.append, lambda: events.append("restart"))
    ill: set[int] = set()
    ailing = Part(
        "a",
        [sys.executable, "-c", SLEEPER],
        lambda: True,
        ailment=lambda pid: "lost its mind" if pid in ill else None,
        clean=lambda: events.append("clean"),
    )
    supervisor.start([ailing])
    try:
        first = supervisor.pids["a"]
        supervisor.mend()
        assert supervisor.pids["a"] == first
        ill.add(first)
        supervisor.mend()
        assert supervisor.pids["a"] != first
        assert not alive(first)
        assert said == ["a lost its mind; restarting"]
    finally:
        supervisor.stop()
    assert events == ["clean", "clean", "restart", "clean"]


def test_a_part_that_ends_at_its_start_is_an_error(supervisor: Supervisor) -> None:
    with pytest.raises(ConfigurationError, match="a ended with exit code 3"):
        supervisor.start([part("a", "raise SystemExit(3)", ready=lambda: False)])


def test_what_ignores_sigterm_is_killed_after_its_grace(
    supervisor: Supervisor, said: list[str], tmp_path: Path
) -> None:
    log = tmp_path / "a.log"
    supervisor.start([part("a", STUBBORN, ready=lambda: "up" in log.read_text(), grace_s=0.2)])
    pid = supervisor.pids["a"]
    supervisor.stop()
    assert not alive(pid)
    assert said == ["a did not stop within 0.2 s: killed"]
