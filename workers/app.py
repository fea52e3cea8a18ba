"""The Celery app of a worker process, put together from settings."""

from pathlib import Path

import redis
from celery import Celery, signals

from services.contract.cast import CastManifest
from services.inference.client import Inference
from services.jobs.identity import Identity
from services.jobs.ledger import ALL_CLASSES, Ledger
from services.jobs.queue import RENDER, publish, queue_app
from services.jobs.rules import Rules
from services.jobs.sweeper import Sweeper
from services.settings import (
    CastSettings,
    QueueSettings,
    RedisSettings,
    StorageSettings,
    TritonSettings,
    WorkerSettings,
)
from services.storage.local import LocalStorage
from workers.drain import Drain
from workers.orphans import Orphans
from workers.render import Studio
from workers.scratch import Scratch
from workers.snapshots import Rhythm
from workers.tasks import Desk, work
from workers.webhooks import Courier, courier


def create_worker(ready_file: Path | None = None) -> Celery:
    """A Celery app with the render task, whose worker also runs the sweeper and delivers webhooks.

    Reads the environment (``services.settings``); touches ``ready_file`` once the worker takes jobs.
    Raises ConfigurationError where the cast's manifest or the webhooks' settings are wrong.
    """
    if ready_file is not None:
        ready_file.unlink(missing_ok=True)  # Of a worker before this one.
    redis_settings, settings, triton = RedisSettings(), WorkerSettings(), TritonSettings()
    storage = LocalStorage(StorageSettings().root)
    client = redis.Redis.from_url(redis_settings.url, socket_timeout=redis_settings.timeout_s)
    rules = Rules(**QueueSettings().model_dump())
    ledger = Ledger(client, lease_s=settings.lease_s, rules=rules)
    scratch = Scratch(settings.scratch_dir or StorageSettings().data_dir / "scratch")
    desk = Desk(
        ledger=ledger,
        studio=Studio(
            cast=CastManifest.read(CastSettings().manifests[0]),
            inference=Inference(triton.url, shared_memory=triton.shared_memory),
            storage=storage,
            scratch=scratch.path,
            rhythm=Rhythm(settings.snapshot_every_steps, settings.snapshot_every_s),
            min_free_bytes=settings.min_free_bytes,
        ),
        lease_s=settings.lease_s,
        result_ttl_s=StorageSettings().result_ttl_s,
        drain=Drain(settings.grace_s),
    )
    app = queue_app(redis_settings.url, desk.studio.cast.name, ALL_CLASSES)

    @app.task(name=RENDER, shared=False)  # type: ignore[untyped-decorator]
    def render_job(job_id: str, *_: object, **__: object) -> None:
        # A later version may say more.
        # The ledger may hold back a job until another ends: then there is no message for it.
        while work(job_id, desk):
            pass

    sweeper = Sweeper(
        ledger,
        lambda wake: publish(app, wake),
        settings.sweep_every_s,
        storage.delete,
        Orphans(ledger, Identity(client), storage).round,
    )
    signals.worker_shutdown.connect(lambda **_: scratch.close(), weak=False)
    _connect(desk, sweeper, courier(client), ready_file)
    return app


def _connect(desk: Desk, sweeper: Sweeper, webhooks: Courier, ready_file: Path | None) -> None:
    def started(**_: object) -> None:
        desk.drain.start()
        sweeper.start()
        webhooks.start()
        if ready_file is not None:
            ready_file.touch()

    def stopping(**_: object) -> None:
        desk.drain.begin()
        # The next step of a large film may be far away.
        desk.studio.inference.interrupt(for_good=True)

    def stopped(**_: object) -> None:
        sweeper.stop()
        webhooks.stop()
        desk.studio.inference.close()

    signals.worker_ready.connect(started, weak=False)
    signals.worker_shutting_down.connect(stopping, weak=False)
    signals.worker_shutdown.connect(stopped, weak=False)
