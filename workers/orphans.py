"""The scan for orphans: objects in storage of which no row will ever speak.

They come from uploads whose row was never written, attempts that lost their lease and died, and jobs that
ended while nobody was there to clear up. Everything else is removed at once by whoever ends a job.
"""

import time
from collections.abc import Iterable, Iterator

import structlog

from services.contract.errors import NotFound
from services.contract.job import Job
from services.jobs.identity import Identity
from services.jobs.ledger import Ledger
from services.storage.storage import Storage, Stored

log = structlog.get_logger(__name__)

FOLDERS = ("inputs", "snapshots", "videos")
OWNER = "health/owner"
PAGE = 200
OLD_S = 3600.0
"""Younger objects are left alone: an upload is there some moments before its row is."""
REST_S = 600.0
"""From the end of a scan to the begin of the next."""


class Orphans:
    """Goes through the storage again and again, a page at each ``round``, and removes old orphans.

    A storage whose ledger has forgotten everything would seem all orphans. So each knows the other by a name,
    and nothing is removed for a ledger that does not have it: remove the object ``health/owner`` to have a
    storage follow a new ledger.
    """

    def __init__(self, ledger: Ledger, identity: Identity, storage: Storage) -> None:
        self._ledger, self._identity, self._storage = ledger, identity, storage
        self._folder, self._after = 0, ""
        self._rest_until = 0.0

    def round(self) -> int:
        """Look at the next page, unless it is time to rest. Folders removed. Raises Unavailable."""
        if time.monotonic() < self._rest_until:
            return 0
        if self._folder == 0 and not self._after and not self._is_ours():
            self._rest_until = time.monotonic() + REST_S
            return 0
        page = self._storage.page(FOLDERS[self._folder], after=self._after, limit=PAGE)
        old = [stored for stored in page if stored.changed_at < time.time() - OLD_S]
        removed = 0
        for folder in dict.fromkeys(self._orphaned(old)):
            self._storage.delete(folder)
            removed += 1
        self._turn(page)
        if removed:
            log.info("orphans_removed", folders=removed)
        return removed

    def _turn(self, page: list[Stored]) -> None:
        """On to the next page, the next folder, or the begin after a rest."""
        if len(page) == PAGE:
            self._after = page[-1].key
            return
        self._after = ""
        self._folder = (self._folder + 1) % len(FOLDERS)
        if self._folder == 0:
            self._storage.clear_parts(OLD_S)
            self._rest_until = time.monotonic() + REST_S

    def _is_ours(self) -> bool:
        try:
            owner = self._storage.read(OWNER).decode()
        except NotFound:
            self._storage.put(OWNER, self._identity.made().encode())
            return True
        if owner == self._identity.known():
            return True
        log.error("storage_of_another_ledger", owner=owner)
        return False

    def _orphaned(self, old: Iterable[Stored]) -> Iterator[str]:
        """Prefixes of orphans. Rows are read after the listing: what is old and has none never gets one."""
        rows: dict[str, Job | None] = {}
        for stored in old:
            kind, job_id, *rest = stored.key.split("/")
            if job_id not in rows:
                rows[job_id] = self._ledger.find(job_id)
            row = rows[job_id]
            if row is None or (kind == "snapshots" and row.status.is_final):
                yield f"{kind}/{job_id}"
            elif kind == "videos" and row.status.is_final and rest and not _is_result(stored.key, row):
                yield f"{kind}/{job_id}/{rest[0]}"


def _is_result(key: str, row: Job) -> bool:
    """Whether ``key`` lies beside the committed film."""
    return row.result is not None and key.rpartition("/")[0] == row.result.video.rpartition("/")[0]
