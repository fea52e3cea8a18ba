"""What an attempt leaves in storage when it is over, however it ended."""

import structlog

from services.contract.errors import Unavailable
from services.jobs.ledger import Lease, Ledger
from services.storage.storage import Storage
from workers import snapshots

log = structlog.get_logger(__name__)


def attempt_folder(job_id: str, token: int) -> str:
    """Storage prefix of an attempt's results: no two attempts ever write to the same key."""
    return f"videos/{job_id}/{token}"


def job_folders(job_id: str) -> tuple[str, ...]:
    """Storage prefixes of all that belongs to a job."""
    return f"videos/{job_id}", snapshots.folder(job_id), f"inputs/{job_id}"


def clear(lease: Lease, ledger: Ledger, storage: Storage) -> None:
    """Remove what the attempt of ``lease`` wrote and nobody needs, as the row says now.

    Of a job whose row is gone: everything, since files written after the delete would stay. Of a final one:
    what served to go on with it, and results that are not its own. Of one that goes on: these results alone.
    What cannot be removed now is left to the scan for orphans.
    """
    job, own = lease.job, attempt_folder(lease.job.id, lease.token)
    try:
        row = ledger.find(job.id)
        if row is None:
            useless = list(job_folders(job.id))
        else:
            committed = row.result is not None and row.result.video.startswith(f"{own}/")
            useless = [] if committed else [own]
            useless += [snapshots.folder(job.id)] if row.status.is_final else []
        for folder in useless:
            storage.delete(folder)
    except Unavailable as error:
        log.warning("files_left_behind", error=str(error))
