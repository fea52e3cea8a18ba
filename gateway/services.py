"""What the handlers work with, made once when the gateway starts."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import redis
from anyio import CapacityLimiter

from gateway.catalog import Catalog
from gateway.config import Config
from gateway.readiness import Readiness
from services.jobs.ledger import Ledger
from services.jobs.queue import publish, queue_app
from services.settings import GatewaySettings
from services.storage.local import LocalStorage
from services.storage.storage import Storage

WATCHING_THREADS = 8


@dataclass(frozen=True)
class Services:
    """``publish`` puts a job id on the queue. ``watchers`` bounds the threads that event streams borrow."""

    settings: GatewaySettings
    catalog: Catalog
    ledger: Ledger
    storage: Storage
    publish: Callable[[str], None]
    readiness: Readiness
    draining: threading.Event
    watchers: CapacityLimiter


@contextmanager
def connect(config: Config, draining: threading.Event) -> Iterator[Services]:
    """Services on the Redis and the folder of ``config``. Raises ConfigurationError for a wrong manifest."""
    timeout_s = config.redis.timeout_s
    client = redis.Redis.from_url(
        config.redis.url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, health_check_interval=30
    )
    ledger, storage = Ledger(client), LocalStorage(config.storage.root)
    app = queue_app(config.redis.url)
    try:
        yield Services(
            settings=config.gateway,
            catalog=Catalog.read(config.casts.manifests, config.casts.aliases),
            ledger=ledger,
            storage=storage,
            publish=lambda job_id: publish(app, job_id),
            readiness=Readiness({"redis": ledger.check, "storage": lambda: _write(storage)}),
            draining=draining,
            watchers=CapacityLimiter(WATCHING_THREADS),
        )
    finally:
        app.close()
        client.close()


def _write(storage: Storage) -> None:
    storage.put("health/gateway", b"ready")
