"""Clips made by several processes and handed over through shared memory, always in the same order."""

import json
import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.world.chance import Film, sample_scene
from training.world.dataset import SIZES, Clip, clip
from training.world.scene import Scene, Split, stream
from training.world.sound import RATE

ALIGNMENT = 64


@dataclass(frozen=True)
class Programme:
    """Which clips a stream gives: seeds from `first_seed` on, each `group` alike in size and frame rate.

    Sizes are (width, height). Give every size and rate as often as it shall come up.
    """

    frames: int = 32
    sizes: tuple[tuple[int, int], ...] = SIZES
    rates: tuple[int, ...] = (16, 24)
    split: Split = "train"
    first_seed: int = 0
    group: int = 1

    def size_and_fps(self, index: int) -> tuple[tuple[int, int], int]:
        """Size and frame rate of clip number `index` of the stream."""
        rng = stream(self.first_seed + index - index % self.group, 9)
        return self.sizes[int(rng.integers(len(self.sizes)))], self.rates[int(rng.integers(len(self.rates)))]

    def slot_bytes(self) -> int:
        """Room for the largest clip."""
        pixels = max(width * height for width, height in self.sizes)
        size = self.frames * pixels * 3 + self.frames * RATE // min(self.rates) * 4
        return -(-size // ALIGNMENT) * ALIGNMENT


@dataclass(frozen=True)
class Batch:
    """Clips alike: frames uint8 [B,F,H,W,3], sound float32 [B,S], captions and scenes in order."""

    frames: NDArray[np.uint8]
    sound: NDArray[np.float32]
    captions: tuple[str, ...]
    sound_captions: tuple[str, ...]
    scenes: tuple[Scene, ...]
    fps: int


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    memory: Any
    taken: int = 0


@dataclass
class ClipStream:
    """Endless clips of a programme; use as a context manager.

    Worker w makes clips w, w + workers, ... into its own `slots` pieces of shared memory; the reader takes
    them in turn, so the order does not depend on who is faster. Raises ChildProcessError if a worker ends.
    """

    programme: Programme
    workers: int
    slots: int = 3
    _running: list[_Worker] = field(default_factory=list, init=False)
    _next: int = field(default=0, init=False)

    def __enter__(self) -> "ClipStream":
        context = multiprocessing.get_context("spawn")
        for number in range(self.workers):
            memory = context.RawArray("B", self.slots * self.programme.slot_bytes())
            ours, theirs = context.Pipe()
            job = (self.programme, number, self.workers)
            process = context.Process(target=_produce, args=(job, memory, self.slots, theirs), daemon=True)
            process.start()
            theirs.close()
            self._running.append(_Worker(process, ours, memory))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._running:
            worker.pipe.close()
        for worker in self._running:
            worker.process.join(5)
            if worker.process.is_alive():
                worker.process.terminate()
                worker.process.join()
        self._running.clear()

    def __iter__(self) -> Iterator[Clip]:
        """One clip after another."""
        while True:
            one = self._take(1)
            yield Clip(one.frames[0], one.sound[0], one.captions[0], one.sound_captions[0], one.scenes[0])

    def batches(self) -> Iterator[Batch]:
        """One group after another; the stream must stand at the beginning of a group."""
        while True:
            yield self._take(self.programme.group)

    def _take(self, number: int) -> Batch:
        (width, height), fps = self.programme.size_and_fps(self._next)
        frames = np.empty((number, self.programme.frames, height, width, 3), np.uint8)
        sound = np.empty((number, self.programme.frames * RATE // fps), np.float32)
        texts, scenes = [], []
        for row in range(number):
            texts.append(self._receive(frames[row], sound[row]))
            seed = self.programme.first_seed + self._next
            film = Film(self.programme.frames, fps, width / height)
            scenes.append(sample_scene(seed, film, self.programme.split))
            self._next += 1
        captions, sound_captions = zip(*texts, strict=True)
        return Batch(frames, sound, captions, sound_captions, tuple(scenes), fps)

    def _receive(self, frames: NDArray[np.uint8], sound: NDArray[np.float32]) -> tuple[str, str]:
        worker = self._running[self._next % self.workers]
        try:
            seen, heard = json.loads(worker.pipe.recv_bytes())
            slot = worker.taken % self.slots
            picture, wave = _slot(worker.memory, self.programme, slot, frames.shape, sound.size)
            frames[:], sound[:] = picture, wave
            worker.pipe.send_bytes(b"free")
        except (EOFError, OSError) as lost:
            raise ChildProcessError(f"worker {self._next % self.workers} of the clip stream ended") from lost
        worker.taken += 1
        return seen, heard


def _slot(
    memory: Any, programme: Programme, slot: int, shape: tuple[int, ...], samples: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Picture and sound as they lie in a slot."""
    start, pixels = slot * programme.slot_bytes(), int(np.prod(shape))
    picture = np.frombuffer(memory, np.uint8, pixels, start).reshape(shape)
    return picture, np.frombuffer(memory, np.float32, samples, start + pixels)


def _produce(job: tuple[Programme, int, int], memory: Any, slots: int, pipe: Connection) -> None:
    """A worker's life: fills its slots in turn, waits while all are full, ends when the reader closes."""
    programme, first, step = job
    try:
        for made, index in enumerate(count(first, step)):
            if made >= slots:
                pipe.recv_bytes()
            size, fps = programme.size_and_fps(index)
            done = clip(programme.first_seed + index, programme.frames, size, fps, programme.split)
            picture, wave = _slot(memory, programme, made % slots, done.frames.shape, done.sound.size)
            picture[:], wave[:] = done.frames, done.sound
            pipe.send_bytes(json.dumps([done.caption, done.sound_caption]).encode())
    except (EOFError, OSError, KeyboardInterrupt):
        return
