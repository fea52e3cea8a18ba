"""What runner and processes tell each other through a folder.

``faults/<point>/<seed>``: once the job of ``seed`` comes to ``point``, the process that brings it there takes
the file away and does to itself what it says. So each fault happens once, to that job, wherever it is made.
``flags/<name>``: holds as long as the file is there. ``events/<pid>``: what happened, a JSON object a line,
by the monotonic clock of the machine.
"""

import json
import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.contract.errors import InferenceUnavailable, StorageUnavailable

ANY = "any"


@dataclass(frozen=True)
class Points:
    """The folder of one case."""

    root: Path

    def arm(self, point: str, seeds: Iterable[int | str], action: str = "kill") -> None:
        """Let ``action`` happen to each job of ``seeds`` at ``point``: ``kill`` or ``stop`` its process,
        ``sleep:SECONDS``, ``unavailable`` (the engine) or ``refused`` (the storage)."""
        for seed in seeds:
            path = self.root / "faults" / point / str(seed)
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.parents[2] / f"fresh-{point}-{seed}"
            fresh.write_text(action)
            fresh.replace(path)

    def arm_for_ever(self, point: str, seeds: Iterable[int], action: str = "kill") -> None:
        """The same in each attempt at a job of ``seeds``."""
        self.arm(f"{point}-always", seeds, action)

    def left(self) -> int:
        """Faults that have not happened yet."""
        return sum("-always" not in path.parent.name for path in (self.root / "faults").glob("*/*"))

    def await_all(self, within_s: float = 60.0) -> None:
        """Wait until they have happened, ``within_s`` at most."""
        deadline = time.monotonic() + within_s
        while self.left() and time.monotonic() < deadline:
            time.sleep(0.05)

    def disarm(self) -> None:
        """Forget those."""
        for path in (self.root / "faults").glob("*/*"):
            path.unlink(missing_ok=True)

    def pass_by(self, point: str, seed: int | str) -> None:
        """Here comes the job of ``seed``."""
        always = self.root / "faults" / f"{point}-always" / str(seed)
        if always.exists():
            action = always.read_text()
            self.note("fault", point=point, seed=seed, action=action)
            _act(action, f"{point} of {seed}")
        path = self.root / "faults" / point / str(seed)
        if not path.exists():
            return
        taken = self.root / f"taken-{os.getpid()}-{threading.get_ident()}"
        try:
            path.rename(taken)
        except FileNotFoundError:
            return
        action = taken.read_text()
        taken.unlink()
        self.note("fault", point=point, seed=seed, action=action)
        _act(action, f"{point} of {seed}")

    def flag(self, name: str, *, up: bool = True) -> None:
        """Raise or lower a flag."""
        path = self.root / "flags" / name
        path.parent.mkdir(exist_ok=True)
        path.touch() if up else path.unlink(missing_ok=True)

    def has(self, name: str) -> bool:
        """Whether a flag is up."""
        return (self.root / "flags" / name).exists()

    def note(self, kind: str, **about: Any) -> None:
        """Write an event down, whatever happens to the process right afterwards."""
        line = json.dumps({"kind": kind, "at": time.monotonic(), "pid": os.getpid(), **about})
        (self.root / "events").mkdir(exist_ok=True)
        file = os.open(self.root / "events" / str(os.getpid()), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(file, f"{line}\n".encode())
        finally:
            os.close(file)

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        """Events in order of time; all kinds if none is named."""
        return sorted(self._events(kinds), key=lambda event: float(event["at"]))

    def _events(self, kinds: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        for path in (self.root / "events").glob("*"):
            for line in path.read_text().splitlines():
                event = json.loads(line)
                if not kinds or event["kind"] in kinds:
                    yield event


def _act(action: str, where: str) -> None:
    what, _, amount = action.partition(":")
    match what:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
            # It stops when one of its threads takes the signal, which need not be this one.
            time.sleep(0.5)
        case "sleep":
            time.sleep(float(amount))
        case "unavailable":
            raise InferenceUnavailable(f"injected: {where}")
        case "refused":
            raise StorageUnavailable(f"injected: {where}")
        case _:
            raise ValueError(f"no such action: {action}")


def here() -> Points:
    """The folder that the environment names."""
    return Points(Path(os.environ["CHAOS_DIR"]))
