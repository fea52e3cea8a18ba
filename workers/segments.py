"""Finished segments of a job's picture: each is encoded for itself, and kept until the film is there.

A segment is a whole number of the decoder's temporal tiles. Beside its H.264 lies what goes on from it: the
visual features of its frames, and the tail that the next tile is blended with.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import structlog

from services.contract.errors import NotFound, StorageUnavailable
from services.inference.orders import Bytes, Floats
from services.storage.storage import Storage
from workers.saved import pack, unpack
from workers.snapshots import folder

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Segment:
    """``film`` is an MP4 of ``frames`` frames; ``features`` [frames,V], or [0,0] where nobody looks at them;
    ``tail`` [n,H,W,3] is empty behind the last one."""

    film: Path
    frames: int
    features: Floats
    tail: Bytes


@dataclass
class Reel:
    """Segments behind one another, as far as they are finished. Of their tails only the last is held."""

    films: list[Path] = field(default_factory=list)
    features: list[Floats] = field(default_factory=list)
    frames: int = 0
    tail: Bytes | None = None

    def add(self, segment: Segment) -> None:
        """``segment`` is the next."""
        self.films.append(segment.film)
        self.features.append(segment.features)
        self.frames += segment.frames
        self.tail = segment.tail


class Segments:
    """Segments of one job in storage. ``mark`` (``workers.marks``) is for all that their bytes depend on:
    those under another one do not fit to these. ``scratch`` takes the files of those that are loaded.

    They only save time. So where the storage does not take one, the job goes on without.
    """

    def __init__(self, storage: Storage, job_id: str, mark: str, scratch: Path) -> None:
        self._storage = storage
        self._folder = f"{folder(job_id)}/{mark}/segments"
        self._scratch = scratch

    def load(self) -> Reel:
        """All from the first on up to the first that is missing. Raises StorageUnavailable."""
        reel = Reel()
        for segment in self._found():
            reel.add(segment)
        return reel

    def keep(self, number: int, segment: Segment) -> None:
        """Put ``segment`` to storage: first the film, then what says that it is whole."""
        film, about = self._keys(number)
        try:
            self._storage.put(film, segment.film)
            record = pack(
                frames=segment.frames,
                size_bytes=segment.film.stat().st_size,
                features=segment.features,
                tail=segment.tail,
            )
            self._storage.put(about, record)
        except StorageUnavailable as error:
            log.warning("segment_not_saved", number=number, error=str(error))

    def path(self, number: int) -> Path:
        """Where the film of a segment lies while the job is made."""
        return self._scratch / f"segment-{number:06}.mp4"

    def _found(self) -> Iterator[Segment]:
        for number in count():
            film, about = self._keys(number)
            try:
                saved = unpack(self._storage.read(about))
                if saved is None:
                    log.warning("damaged_segment", key=about)
                    return
                path, size = self.path(number), self._fetch(film, self.path(number))
            except NotFound:
                return
            if size != int(saved["size_bytes"]):
                log.warning("damaged_segment", key=film)
                return
            yield Segment(path, int(saved["frames"]), saved["features"], saved["tail"])

    def _fetch(self, key: str, path: Path) -> int:
        with path.open("wb") as file:
            return sum(file.write(chunk) for chunk in self._storage.open(key))

    def _keys(self, number: int) -> tuple[str, str]:
        name = f"{self._folder}/{number:06}"
        return f"{name}.mp4", f"{name}.npz"
