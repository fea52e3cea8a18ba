import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from services.contract.errors import ConfigurationError
from training.evaluation import connection
from training.evaluation.api import Client
from training.evaluation.connection import Connection


class Stack:
    """Stands for the stack: how often it was started, mended and stopped, and by which threads."""

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails
        self.told: list[str] = []
        self.threads: set[threading.Thread] = set()

    @contextmanager
    def running(self, _port: int, _folder: Path, _say: Callable[[str], None]) -> Iterator[Any]:
        self._note("start")
        if self.fails:
            raise ConfigurationError("no Triton")
        mender = SimpleNamespace(mend=lambda: self._note("mend"))
        yield SimpleNamespace(url="http://stack", supervisor=mender)
        self._note("stop")

    def _note(self, what: str) -> None:
        self.told.append(what)
        self.threads.add(threading.current_thread())


def start(monkeypatch: pytest.MonkeyPatch, stack: Stack) -> None:
    monkeypatch.setattr(connection, "running_stack", stack.running)


def asking(of: Connection) -> tuple[threading.Thread, list[object]]:
    """A thread that asks for the client, and what it gets."""
    got: list[object] = []

    def ask() -> None:
        try:
            got.append(of.client())
        except ConfigurationError as error:
            got.append(str(error))

    thread = threading.Thread(target=ask)
    thread.start()
    return thread, got


def attended(of: Connection, thread: threading.Thread) -> None:
    while thread.is_alive():
        of.attend()
        thread.join(0.01)


def test_a_stack_is_started_once_and_when_it_is_wanted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stack = Stack()
    start(monkeypatch, stack)
    with Connection(None, tmp_path, print) as made:
        made.attend()
        assert stack.told == []
        for _ in range(2):
            thread, got = asking(made)
            attended(made, thread)
            assert got == [Client("http://stack")]
        made.attend()
    assert (stack.told[0], stack.told[-1]) == ("start", "stop")
    assert set(stack.told[1:-1]) == {"mend"}
    assert stack.threads == {threading.current_thread()}


def test_a_given_stack_is_used(tmp_path: Path) -> None:
    with Connection("http://there", tmp_path, print) as given:
        assert given.client() == Client("http://there")
        given.attend()


def test_who_waits_is_told_that_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    start(monkeypatch, Stack(fails=True))
    with Connection(None, tmp_path, print) as made:
        thread, got = asking(made)
        with pytest.raises(ConfigurationError, match="no Triton"):
            attended(made, thread)
        thread.join(10)
        assert got == ["the stack did not start"]


def test_nobody_waits_for_a_stack_that_is_given_up(tmp_path: Path) -> None:
    with Connection(None, tmp_path, print) as made:
        thread, got = asking(made)
    thread.join(10)
    assert got == ["the stack did not start"]
