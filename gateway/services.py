"""What the handlers work with, made once when the gateway starts."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import redis
from anyio import CapacityLimiter

from gateway.catalog import Catalog
from gateway.config import Config
from gateway.lookout import Lookout
from gateway.readiness import Readiness
from gateway.webhooks import Webhooks
from services.jobs.ledger import Ledger, Wake
from services.jobs.queue import publish, queue_app
from services.jobs.rules import Rules
from services.settings import GatewaySettings
from services.storage.local import LocalStorage
from services.storage.storage import Storage

WATCHING_THREADS = 8


@dataclass(frozen=True)
class Services:
    """``lookout`` knows places in the queue. ``publish`` wakes a worker. ``watchers`` bounds the threads that
    event streams borrow."""

    settings: GatewaySettings
    catalog: Catalog
    ledger: Ledger
    lookout: Lookout
    storage: Storage
    publish: Callable[[Wake], None]
    readiness: Readiness
    draining: threading.Event
    watchers: CapacityLimiter
    webhooks: Webhooks


@contextmanager
def connect(config: Config, draining: threading.Event) -> Iterator[Services]:
    """Services on the Redis and the folder of ``config``. Raises ConfigurationError for a wrong manifest."""
    timeout_s = config.redis.timeout_s
    client = redis.Redis.from_url(
        config.redis.url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, health_check_interval=30
    )
    rules = Rules(**config.queue.model_dump())
    ledger, storage = Ledger(client, rules=rules), LocalStorage(config.storage.root)
    app = queue_app(config.redis.url)
    try:
        yield Services(
            settings=config.gateway,
            catalog=Catalog.read(config.casts.manifests, config.casts.aliases),
            ledger=ledger,
            lookout=Lookout(ledger),
            storage=storage,
            publish=lambda wake: publish(app, wake),
            readiness=Readiness({"redis": ledger.check, "storage": lambda: _write(storage)}),
            draining=draining,
            watchers=CapacityLimiter(WATCHING_THREADS),
            webhooks=Webhooks.of(config.webhooks),
        )
    finally:
        app.close()
        client.close()


def _write(storage: Storage) -> None:
    storage.put("health/gateway", b"ready")
