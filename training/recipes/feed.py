"""A stream of samples, in the order of their seeds, from render processes through slots of a shared file.

How many processes there are and which is faster makes no difference: what comes early waits in its slot. A
process that dies is replaced, and others render what it was asked for. The file lies in memory (/dev/shm)
where there is room, else in the folder for temporary files. Processes are spawned and must not import torch.
"""

import mmap
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Bucket = tuple[int, ...]
SHARED_MEMORY = Path("/dev/shm")
ALIGNED = 64
MOST_DEATHS = 3


@dataclass(frozen=True)
class Sample:
    """Arrays by name with some texts. Samples of one bucket have arrays of the same shapes.

    `number` is the sample's place in the stream, where it came through one.
    """

    bucket: Bucket
    arrays: dict[str, Array]
    texts: tuple[str, ...] = ()
    number: int = -1


@dataclass(frozen=True)
class Place:
    """Where a stream begins or goes on: numbers that are given again, then all from `next`."""

    again: tuple[int, ...] = ()
    next: int = 0

    def number(self, position: int) -> int:
        """The number of the sample at a position (0, 1, ...) of the stream from here."""
        ahead = position - len(self.again)
        return self.again[position] if ahead < 0 else self.next + ahead

    def after(self, count: int) -> "Place":
        """The place when `count` samples have been taken from here."""
        return Place(self.again[count:], self.next + max(0, count - len(self.again)))


Source = Callable[[int], Sample]


class Field(NamedTuple):
    """Where an array lies in a slot."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int


Filled = tuple[int, Bucket, list[Field], tuple[str, ...]]
Line: TypeAlias = "Connection[Any, Any]"


@dataclass(frozen=True)
class Ring:
    """The shared file: slots of equal size."""

    path: Path
    slots: int
    slot_bytes: int

    def open(self) -> Array:
        """The slots uint8 [slots, slot_bytes]."""
        with self.path.open("r+b") as file:
            memory = mmap.mmap(file.fileno(), self.slots * self.slot_bytes)
        return np.frombuffer(memory, np.uint8).reshape(self.slots, self.slot_bytes)


def room_for(size_bytes: int) -> Path:
    """A folder for a file of that size: shared memory if that is less than half of its free room."""
    if SHARED_MEMORY.is_dir():
        facts = os.statvfs(SHARED_MEMORY)
        if 2 * size_bytes < facts.f_bavail * facts.f_frsize:
            return SHARED_MEMORY
    return Path(tempfile.gettempdir())


def open_files() -> Path:
    """Where other processes find the open files of this one, on Linux."""
    return Path(f"/proc/{os.getpid()}/fd")


def pack(sample: Sample, slot: Array) -> list[Field]:
    """Copy the arrays of a sample to a slot [slot_bytes]. Raises ValueError if they do not fit."""
    fields, offset = [], 0
    for name, array in sample.arrays.items():
        if offset + array.nbytes > slot.size:
            raise ValueError(f"a sample of bucket {sample.bucket} is larger than a slot of {slot.size} bytes")
        slot[offset : offset + array.nbytes] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        fields.append(Field(name, array.dtype.str, array.shape, offset))
        offset += -(-array.nbytes // ALIGNED) * ALIGNED
    return fields


def unpack(filled: Filled, slots: Array) -> Sample:
    """The sample in a filled slot; its arrays are views."""
    number, bucket, fields, texts = filled
    arrays = {}
    for field in fields:
        count = int(np.prod(field.shape)) * np.dtype(field.dtype).itemsize
        raw = slots[number, field.offset : field.offset + count]
        arrays[field.name] = raw.view(field.dtype).reshape(field.shape)
    return Sample(bucket, arrays, texts)


def render_forever(source: Source, ring: Ring, line: Line) -> None:
    """Fill slots with the samples of seeds, as one is told, until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    slots = ring.open()
    try:
        while True:
            slot, seed = line.recv()
            sample = source(seed)
            line.send((slot, sample.bucket, pack(sample, slots[slot]), sample.texts))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


@dataclass(frozen=True)
class FeedPlan:
    """Who renders: processes, slots of how many bytes, the seed of number 0, and the place to begin at.

    A process is asked for `asked` samples at once. Of more than one the others wait for the first, but small
    ones come faster.
    """

    workers: int
    slots: int
    slot_bytes: int
    seed: int
    place: Place = Place()
    asked: int = 2


class Worker:
    """A render process, and the positions of the stream that it is asked for, the one at work first."""

    def __init__(self, source: Source, ring: Ring) -> None:
        context = multiprocessing.get_context("spawn")
        self.line, theirs = context.Pipe()
        self.asked: deque[int] = deque()
        self.process: SpawnProcess = context.Process(
            target=render_forever, args=(source, ring, theirs), daemon=True
        )
        self.process.start()
        theirs.close()

    def end(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.join()
        self.line.close()


class Feed:
    """Render processes and their ring; a context manager. Samples are taken by one thread.

    Another thread asks each process for the next samples that no one was asked for, so that none waits for
    another, and puts down what comes. The sample at a position has the slot of that number, counted round.
    """

    def __init__(self, source: Source, plan: FeedPlan) -> None:
        self.source, self.plan = source, plan
        size_bytes = plan.slots * plan.slot_bytes
        self.ring = Ring(self._shared_file(size_bytes), plan.slots, plan.slot_bytes)
        self.slots = self.ring.open()
        self.workers: list[Worker] = []
        self.thread = threading.Thread(target=self._serve, name="feed")
        self.changed = threading.Condition()
        self.wake, self.woken = multiprocessing.Pipe()
        self.closing = False
        self.next, self.taken, self.free = 0, 0, 0
        """Positions: the next to ask for, to hand out, and to have its slot free again."""
        self.lost: list[int] = []
        self.deaths: Counter[int] = Counter()
        self.come: dict[int, Filled | None] = {}

    def __enter__(self) -> Self:
        self.workers = [Worker(self.source, self.ring) for _ in range(self.plan.workers)]
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing = True
        self.wake.send(None)
        self.thread.join()
        for worker in self.workers:
            worker.end()
        self.wake.close()
        self.woken.close()
        os.close(self.handle)
        if self.ring.path.parent != open_files():
            self.ring.path.unlink()

    @property
    def place(self) -> Place:
        """Where the stream goes on."""
        return self.plan.place.after(self.taken)

    @contextmanager
    def take(self, timeout_s: float = 120.0) -> Iterator[Sample]:
        """The next sample; its arrays are valid inside the context. Raises TimeoutError if none comes."""
        filled = self._wait(time.monotonic() + timeout_s)
        number = self.plan.place.number(self.taken)
        self.taken += 1
        try:
            yield replace(unpack(filled, self.slots), number=number)
        finally:
            self.free = self.taken
            self.wake.send(None)

    def _wait(self, end: float) -> Filled:
        with self.changed:
            while True:
                if not self.changed.wait_for(lambda: self.taken in self.come, end - time.monotonic()):
                    raise TimeoutError("no sample came in time")
                filled = self.come.pop(self.taken)
                if filled is not None:
                    return filled
                self.taken += 1

    def _shared_file(self, size_bytes: int) -> Path:
        self.handle, name = tempfile.mkstemp(prefix="moviola-feed-", dir=room_for(size_bytes))
        os.truncate(self.handle, size_bytes)
        if not open_files().is_dir():
            return Path(name)
        # Without a name it is gone with this process, however that ends.
        os.unlink(name)
        return open_files() / str(self.handle)

    def _serve(self) -> None:
        while not self.closing:
            self._ask()
            ready = set(wait([self.woken, *(worker.line for worker in self.workers)]))
            if self.woken in ready:
                self.woken.recv()
            for n, worker in enumerate(self.workers):
                if worker.line in ready:
                    self._hear(n, worker)

    def _ask(self) -> None:
        """Have each process asked for as many samples as it may be, the earliest first."""
        while self.lost or self.next < self.free + self.plan.slots:
            worker = min(self.workers, key=lambda worker: len(worker.asked))
            if len(worker.asked) >= self.plan.asked:
                return
            if self.lost:
                position = self.lost.pop(0)
            else:
                position, self.next = self.next, self.next + 1
            worker.asked.append(position)
            # If it has died, that will be heard.
            with suppress(OSError):
                worker.line.send((position % self.plan.slots, self._seed(position)))

    def _hear(self, n: int, worker: Worker) -> None:
        try:
            filled: Filled | None = worker.line.recv()
            position = worker.asked.popleft()
        except (EOFError, OSError):
            worker.end()
            self.workers[n] = Worker(self.source, self.ring)
            self.lost = sorted([*self.lost, *worker.asked])
            if not worker.asked or not self._hopeless(worker.asked[0]):
                return
            position, filled = worker.asked[0], None
            self.lost.remove(position)
        with self.changed:
            self.come[position] = filled
            self.changed.notify()

    def _hopeless(self, position: int) -> bool:
        """Whether several processes have died at a sample: it is then left out."""
        self.deaths[position] += 1
        if self.deaths[position] < MOST_DEATHS:
            return False
        print(
            f"render processes end at seed {self._seed(position)}: it is left out",
            file=sys.stderr,
            flush=True,
        )
        return True

    def _seed(self, position: int) -> int:
        return self.plan.seed + self.plan.place.number(position)
