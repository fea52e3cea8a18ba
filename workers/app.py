"""The Celery app of a worker process, put together from settings."""

import threading
from pathlib import Path

import redis
from celery import Celery, signals

from services.contract.cast import CastManifest
from services.inference.client import Inference
from services.jobs.ledger import Ledger
from services.jobs.queue import RENDER, queue_app, republish
from services.jobs.sweeper import Sweeper
from services.settings import CastSettings, RedisSettings, StorageSettings, TritonSettings, WorkerSettings
from services.storage.local import LocalStorage
from workers.render import Studio
from workers.tasks import Desk, work


def create_worker(ready_file: Path | None = None) -> Celery:
    """A Celery app with the render task, whose worker also runs the sweeper.

    Reads the environment (``services.settings``); touches ``ready_file`` once the worker takes jobs.
    Raises ConfigurationError where the cast's manifest is wrong.
    """
    redis_settings, settings, triton = RedisSettings(), WorkerSettings(), TritonSettings()
    storage = LocalStorage(StorageSettings().root)
    client = redis.Redis.from_url(redis_settings.url, socket_timeout=redis_settings.timeout_s)
    ledger = Ledger(client, lease_s=settings.lease_s, max_attempts=settings.max_attempts)
    scratch = settings.scratch_dir or StorageSettings().data_dir / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    desk = Desk(
        ledger=ledger,
        studio=Studio(
            cast=CastManifest.read(CastSettings().manifests[0]),
            inference=Inference(triton.url, shared_memory=triton.shared_memory),
            storage=storage,
            scratch=scratch,
            snapshot_every=settings.snapshot_every_steps,
        ),
        lease_s=settings.lease_s,
        result_ttl_s=StorageSettings().result_ttl_s,
        draining=threading.Event(),
    )
    app = queue_app(redis_settings.url)

    @app.task(name=RENDER, shared=False)  # type: ignore[untyped-decorator]
    def render_job(job_id: str) -> None:
        work(job_id, desk)

    sweeper = Sweeper(ledger, lambda job_id: republish(app, job_id), settings.sweep_every_s, storage.delete)
    _connect(desk, sweeper, ready_file)
    return app


def _connect(desk: Desk, sweeper: Sweeper, ready_file: Path | None) -> None:
    def started(**_: object) -> None:
        sweeper.start()
        if ready_file is not None:
            ready_file.touch()

    def stopping(**_: object) -> None:
        desk.draining.set()
        # The next step of a large film may be far away.
        desk.studio.inference.interrupt()

    def stopped(**_: object) -> None:
        sweeper.stop()
        desk.studio.inference.close()

    signals.worker_ready.connect(started, weak=False)
    signals.worker_shutting_down.connect(stopping, weak=False)
    signals.worker_shutdown.connect(stopped, weak=False)
