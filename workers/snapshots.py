"""Saved latents from which a job goes on where an earlier attempt stopped."""

import time
from dataclasses import dataclass

import structlog

from services.contract.errors import StorageUnavailable
from services.inference.orders import Floats, SampleEvent
from services.storage.storage import Storage
from workers.saved import pack, unpack

log = structlog.get_logger(__name__)

KEPT = 2
"""Of each loop: the newest, and the one before should that be damaged."""


@dataclass(frozen=True)
class Rhythm:
    """A snapshot is due once both have passed since the one before: so many steps, and so many seconds."""

    steps: int
    seconds: float


@dataclass
class _Loop:
    saved_step: int
    saved_at: float
    newest: SampleEvent | None = None


def folder(job_id: str) -> str:
    """Storage prefix of all that only serves to go on with the job: nothing under it outlives its end."""
    return f"snapshots/{job_id}"


class Snapshots:
    """Latents of one job's loops in storage, under names that grow with the step. Those under another
    ``mark`` (``workers.marks``) count for nothing.

    They only save time. So where the storage does not take one, the job goes on without.
    """

    def __init__(self, storage: Storage, job_id: str, mark: str, rhythm: Rhythm) -> None:
        self._storage = storage
        self._folder = f"{folder(job_id)}/{mark}"
        self._rhythm = rhythm
        self._loops: dict[str, _Loop] = {}

    def load(self, loop: str) -> tuple[int, Floats | None]:
        """Steps finished and the latents after them; (0, None) where there is no snapshot.

        To be called once before a loop's first ``take``. Raises StorageUnavailable.
        """
        step, latents = 0, None
        for key in reversed(self._keys(loop)):
            saved = unpack(self._storage.read(key))
            if saved is not None:
                step, latents = int(saved["step"]), saved["latents"]
                break
            log.warning("damaged_snapshot", key=key)
        self._loops[loop] = _Loop(step, time.monotonic())
        return step, latents

    def take(self, loop: str, event: SampleEvent, *, last: bool) -> None:
        """``event`` is finished: save it if that is due, or if it is the loop's ``last``."""
        state = self._loops[loop]
        state.newest = event
        long_ago = time.monotonic() - state.saved_at >= self._rhythm.seconds
        if last or (long_ago and event.step - state.saved_step >= self._rhythm.steps):
            self.flush(loop)

    def flush(self, loop: str) -> None:
        """Save the newest step of the loop, unless it is saved already."""
        state = self._loops[loop]
        if state.newest is None or state.newest.latents is None or state.newest.step <= state.saved_step:
            return
        step = state.newest.step
        try:
            self._storage.put(self._key(loop, step), pack(step=step, latents=state.newest.latents))
            state.saved_step, state.saved_at = step, time.monotonic()
            for key in self._keys(loop)[:-KEPT]:
                self._storage.delete(key)
        except StorageUnavailable as error:
            log.warning("snapshot_not_saved", loop=loop, step=step, error=str(error))

    def _keys(self, loop: str) -> list[str]:
        return [stored.key for stored in self._storage.page(f"{self._folder}/{loop}")]

    def _key(self, loop: str, step: int) -> str:
        return f"{self._folder}/{loop}/{step:06}.npz"
