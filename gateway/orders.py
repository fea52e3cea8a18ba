"""From an order to a queued job."""

import secrets
import shutil
import tempfile
import time
from pathlib import Path

import structlog

from gateway.forms import Order, Upload
from gateway.services import Services
from services.contract.errors import TooManyRequests, Unavailable
from services.contract.job import Job, Status
from services.contract.spec import resolve
from services.media.probe import MediaLimits, probe_reference

RETRY_FULL_AFTER_S = 15

_log = structlog.get_logger(__name__)


def place(order: Order, tenant: str, services: Services) -> Job:
    """Check ``order``, keep its media, write the row, then tell the queue; the row is what counts.

    Raises RequestError for what is refused (nothing is left behind), Unavailable where ledger or storage do
    not answer. An order whose row may have been written keeps its media even if the ledger did not say so.
    """
    model, cast = services.catalog.find(order.request.model)
    video_id = f"video_{secrets.token_hex(16)}"
    key = f"inputs/{video_id}/input_reference" if order.reference else None
    spec = resolve(order.request, cast, model=model, input_reference=key)
    if services.ledger.counts().queued >= services.settings.max_queued:
        raise TooManyRequests("the queue is full", retry_after_s=RETRY_FULL_AFTER_S)
    if order.reference and key:
        _keep(order.reference, key, services)
    job = Job(id=video_id, tenant=tenant, spec=spec, status=Status.QUEUED, created_at=time.time())
    services.ledger.create(job)
    try:
        services.publish(video_id)
    except Unavailable as error:
        _log.warning("publish_failed", job_id=video_id, detail=str(error))  # the sweeper publishes it
    return job


def _keep(upload: Upload, key: str, services: Services) -> None:
    """Probe the media as a file, since decoders want one, and put it to storage."""
    with tempfile.NamedTemporaryFile(prefix="moviola-upload-") as copy:
        shutil.copyfileobj(upload.file, copy)
        copy.flush()
        path = Path(copy.name)
        limits = MediaLimits(max_pixels=services.settings.max_pixels)
        probe_reference(path, declared_type=upload.declared_type, limits=limits, param=upload.param)
        services.storage.put(key, path)


def discard_files(job: Job, services: Services) -> None:
    """Remove the files of a job whose row is gone. What cannot be removed now is collected by the sweeper."""
    for folder in ("inputs", "snapshots", "videos"):
        try:
            services.storage.delete(f"{folder}/{job.id}")
        except Unavailable as error:
            _log.warning("files_left_behind", job_id=job.id, folder=folder, detail=str(error))
