"""Saved latents from which a job goes on where an earlier attempt stopped."""

import io

import numpy as np

from services.contract.errors import NotFound
from services.inference.orders import Floats, SampleEvent
from services.storage.storage import Storage


class Snapshots:
    """Latents of one job in storage, one object a loop, replaced by each newer one."""

    def __init__(self, storage: Storage, job_id: str) -> None:
        self._storage = storage
        self._folder = f"snapshots/{job_id}"

    def load(self, loop: str) -> tuple[int, Floats | None]:
        """Steps finished and the latents after them; (0, None) where there is no snapshot."""
        try:
            data = self._storage.read(f"{self._folder}/{loop}.npz")
        except NotFound:
            return 0, None
        with np.load(io.BytesIO(data), allow_pickle=False) as saved:
            return int(saved["step"]), saved["latents"]

    def keep(self, loop: str, event: SampleEvent) -> Floats | None:
        """Save the latents of ``event``, if it has any, and give them back."""
        if event.latents is not None:
            buffer = io.BytesIO()
            np.savez(buffer, step=event.step, latents=event.latents)
            self._storage.put(f"{self._folder}/{loop}.npz", buffer.getvalue())
        return event.latents

    def discard(self) -> None:
        """Remove all snapshots of the job."""
        self._storage.delete(self._folder)
