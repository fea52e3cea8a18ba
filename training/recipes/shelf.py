"""A store of clips on the disk, so that a run can go on with it where it was killed.

At each checkpoint the clips that came since the last are put to a file of their own. The files together hold
what the store held; those of clips that gave way are removed.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from training.recipes.feed import Bucket
from training.recipes.replay import Clips, Replay

HEADER = "clips"


class Shelf:
    """The folder of a store's files."""

    def __init__(self, folder: Path, replay: Replay) -> None:
        self.folder, self.replay = folder, replay
        self.files: dict[int, dict[Bucket, int]] = {}
        """The files that are needed: for each bucket in it the number after its last clip."""
        self.written = 0
        replay.fresh = []

    def write(self) -> dict[str, Any]:
        """Put the fresh clips to a file; what has to be known to read them all."""
        fresh, self.replay.fresh = self.replay.fresh or [], []
        if fresh:
            self.folder.mkdir(exist_ok=True)
            tensors = {
                f"{n}/{name}": t.cpu() for n, clips in enumerate(fresh) for name, t in clips.rows.items()
            }
            header = json.dumps([(clips.bucket, clips.start) for clips in fresh])
            draft = self.folder / "draft"
            save_file({n: t.contiguous() for n, t in tensors.items()}, draft, {HEADER: header})
            os.replace(draft, self._path(self.written))
            self.files[self.written] = {clips.bucket: clips.end for clips in fresh}
            self.written += 1
        self.files = {n: ends for n, ends in self.files.items() if self._needed(ends)}
        seen = [(b, count, self.replay.capacity(b)) for b, count in self.replay.seen.items()]
        return {"files": list(self.files), "written": self.written, "seen": seen}

    def tidy(self) -> None:
        """Remove the files that the last checkpoint does not need."""
        needed = {self._path(n) for n in self.files}
        for path in self.folder.glob("*"):
            if path not in needed:
                path.unlink()

    def remove(self) -> None:
        """Remove them all."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def read(self, facts: dict[str, Any]) -> None:
        """Fill the store as it was when `facts` were told."""
        self.written = facts["written"]
        capacities = {tuple(bucket): capacity for bucket, _, capacity in facts["seen"]}
        for n in facts["files"]:
            self.files[n] = {}
            for clips in _read(self._path(n)):
                if clips.bucket not in self.replay.rows:
                    self.replay.make_room(clips.bucket, capacities[clips.bucket], clips.rows)
                self.replay.put(clips)
                self.files[n][clips.bucket] = clips.end
        self.replay.seen = {tuple(bucket): count for bucket, count, _ in facts["seen"]}

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}"

    def _needed(self, ends: dict[Bucket, int]) -> bool:
        replay = self.replay
        return any(end > replay.seen[b] - replay.capacity(b) for b, end in ends.items())


def _read(path: Path) -> list[Clips]:
    with safe_open(path, framework="pt") as file:
        heads = json.loads(file.metadata()[HEADER])
        rows: list[dict[str, Tensor]] = [{} for _ in heads]
        for key in file.keys():  # noqa: SIM118
            n, name = key.split("/")
            rows[int(n)][name] = file.get_tensor(key)
    return [Clips(tuple(bucket), start, rows[n]) for n, (bucket, start) in enumerate(heads)]
