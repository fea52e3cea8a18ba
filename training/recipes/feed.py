"""A stream of samples from render processes through a ring of slots in a shared file.

The file lies in memory (/dev/shm) where there is room, else in the folder for temporary files. Processes are
spawned and must not import torch. A process that dies is replaced, with other seeds.
"""

import mmap
import multiprocessing
import os
import signal
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Sample:
    """Arrays by name with some texts. Samples of one bucket have arrays of the same shapes."""

    bucket: Bucket
    arrays: dict[str, Array]
    texts: tuple[str, ...] = ()


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


@dataclass(frozen=True)
class Duty:
    """What a render process does: its slots of the ring, its first seed, how far apart its seeds are."""

    source: Source
    ring: Ring
    slots: range
    first: int
    stride: int


def render_forever(duty: Duty, line: Line) -> None:
    """Fill the slots with samples, say which are full, hear which are free, until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    slots, seed, free = duty.ring.open(), duty.first, deque(duty.slots)
    try:
        while True:
            sample = duty.source(seed)
            seed += duty.stride
            while not free or line.poll():
                free.append(line.recv())
            slot = free.popleft()
            line.send((slot, sample.bucket, pack(sample, slots[slot]), sample.texts))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


@dataclass(frozen=True)
class FeedPlan:
    """Who renders: processes, slots of how many bytes, and the first seed."""

    workers: int
    slots: int
    slot_bytes: int
    seed: int


class Feed:
    """Render processes and their ring; a context manager, used by one thread."""

    def __init__(self, source: Source, plan: FeedPlan) -> None:
        self.source, self.plan = source, plan
        self.context = multiprocessing.get_context("spawn")
        self.slots_each = max(2, plan.slots // plan.workers)
        slots = self.slots_each * plan.workers
        handle, name = tempfile.mkstemp(prefix="moviola-feed-", dir=room_for(slots * plan.slot_bytes))
        os.truncate(handle, slots * plan.slot_bytes)
        os.close(handle)
        self.ring = Ring(Path(name), slots, plan.slot_bytes)
        self.slots = self.ring.open()
        self.processes: list[SpawnProcess] = []
        self.lines: list[Line] = []
        self.ready: deque[int] = deque()
        self.started = 0

    def __enter__(self) -> Self:
        for worker in range(self.plan.workers):
            process, line = self._start(worker)
            self.processes.append(process)
            self.lines.append(line)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.processes:
            process.kill()
        for process, line in zip(self.processes, self.lines, strict=True):
            process.join()
            line.close()
        self.ring.path.unlink(missing_ok=True)

    @contextmanager
    def take(self, timeout_s: float = 120.0) -> Iterator[Sample]:
        """The next sample; its arrays are valid inside the context. Raises TimeoutError if none comes."""
        filled = self._wait(timeout_s)
        try:
            yield unpack(filled, self.slots)
        finally:
            # To a process that died since, it would be of no use.
            with suppress(OSError):
                self.lines[filled[0] // self.slots_each].send(filled[0])

    def _start(self, worker: int) -> tuple[SpawnProcess, Line]:
        first = self.plan.seed + worker + self.started * 1_000_003
        self.started += 1
        slots = range(worker * self.slots_each, (worker + 1) * self.slots_each)
        ours, theirs = self.context.Pipe()
        duty = Duty(self.source, self.ring, slots, first, self.plan.workers)
        process = self.context.Process(target=render_forever, args=(duty, theirs), daemon=True)
        process.start()
        theirs.close()
        return process, ours

    def _wait(self, timeout_s: float) -> Filled:
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            if not self.ready:
                heard = set(wait(self.lines, timeout=1.0))
                self.ready.extend(n for n, line in enumerate(self.lines) if line in heard)
                continue
            worker = self.ready.popleft()
            try:
                filled: Filled = self.lines[worker].recv()
            except (EOFError, ConnectionResetError):
                self._replace(worker)
                continue
            return filled
        raise TimeoutError(f"no sample within {timeout_s:.0f} s")

    def _replace(self, worker: int) -> None:
        self.lines[worker].close()
        self.processes[worker].join()
        self.processes[worker], self.lines[worker] = self._start(worker)
