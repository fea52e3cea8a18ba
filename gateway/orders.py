"""From an order to a queued job."""

import secrets
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import structlog

from gateway.forms import Order, Upload
from gateway.services import Services
from services.contract.errors import MoviolaError, TooManyRequests, Unavailable
from services.contract.job import Job, Status
from services.contract.spec import resolve
from services.jobs.intents import Intent
from services.jobs.ledger import Wake
from services.media.probe import MediaLimits, probe_reference

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Placed:
    """The job of an order. ``again``: an earlier request of the same intent made it."""

    job: Job
    again: bool


def place(order: Order, intent: Intent, services: Services) -> Placed:
    """Check ``order``, keep its media, write the row, then wake a worker; the row is what counts. An intent
    that came before gives the job that was made then.

    Raises RequestError for what is refused, Unavailable where ledger or storage do not answer. Media that
    were kept before the row was refused, or before the ledger did not say whether it has it, stay: another
    request of the same intent may be using them. The collection of orphans takes what nobody does.
    """
    own_id = f"video_{secrets.token_hex(16)}"
    video_id, made = services.ledger.begin(intent, own_id)
    if made is not None:
        return Placed(made, again=True)
    try:
        job = _prepared(order, intent, video_id, services)
        placed = services.ledger.create(job, intent)
    except MoviolaError as error:
        comes_again = isinstance(error, TooManyRequests | Unavailable)
        services.ledger.release(intent, own_id, comes_again=comes_again)
        raise
    if placed is not job:
        return Placed(placed, again=True)
    try:
        services.publish(Wake.of(job))
    except Unavailable as error:
        _log.warning("publish_failed", job_id=video_id, detail=str(error))  # the sweeper publishes it
    return Placed(job, again=False)


def _prepared(order: Order, intent: Intent, video_id: str, services: Services) -> Job:
    """The job of an order that may be queued, its media in storage."""
    model, cast = services.catalog.find(order.request.model)
    key = f"inputs/{video_id}/input_reference" if order.reference else None
    spec = resolve(order.request, cast, model=model, input_reference=key)
    webhooks = services.webhooks.targets(order.request)
    services.ledger.check_room(intent.tenant, cast.name)
    if order.reference and key:
        with services.ledger.holding(intent, video_id):
            _keep(order.reference, key, services)
    return Job(
        id=video_id,
        tenant=intent.tenant,
        spec=spec,
        status=Status.QUEUED,
        created_at=time.time(),
        service_class=order.request.service_class,
        webhooks=webhooks,
    )


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
