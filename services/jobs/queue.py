"""The Celery app. A message wakes a worker for a line, a class of a cast, and carries a job id and nothing
else.

Which job the worker then takes is the ledger's decision: the id is that of the job for which the message was
sent, for the eye that reads logs. So messages too many are harmless, and of those too few the sweeper, which
looks for lines with somebody waiting and no message, sends more.
"""

import redis
from celery import Celery
from kombu.entity import Queue
from kombu.exceptions import OperationalError

from services.contract.errors import LedgerUnavailable
from services.contract.spec import ServiceClass
from services.jobs.ledger import Wake, line
from services.jobs.scripts import PREFIX

RENDER = "moviola.render"


def queue_app(redis_url: str, cast: str = "", classes: tuple[ServiceClass, ...] = ()) -> Celery:
    """A Celery app on Redis. A worker of it takes messages for ``classes`` of ``cast``; who only publishes
    names none. Connects when first used."""
    app = Celery("moviola", broker=redis_url)
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        result_backend=None,
        task_ignore_result=True,
        task_acks_late=True,
        # The lease brings a job back, and stops after some attempts. The broker would never stop.
        task_reject_on_worker_lost=False,
        task_queues=[_queue(line(cast, one)) for one in classes],
        task_create_missing_queues=False,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=2,
        broker_transport_options={
            # Longer than any job: what is redelivered earlier wakes a worker for nothing.
            "visibility_timeout": 6 * 3600,
            "socket_connect_timeout": 2,
            "socket_timeout": 10,
            "socket_keepalive": True,
            "health_check_interval": 10,
            "retry_on_timeout": True,
        },
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_max": 0.1},
    )
    return app


def publish(app: Celery, wake: Wake) -> None:
    """Wake a worker. Raises LedgerUnavailable; the sweeper then sends another message."""
    try:
        app.send_task(RENDER, args=(wake.job_id,), queue=_queue(wake.line), ignore_result=True)
    except (OperationalError, redis.RedisError) as error:
        raise LedgerUnavailable(f"the queue does not take the id: {error}") from error


def _queue(name: str) -> Queue:
    """The sweeping step looks into the list of this name (``calls`` in ``lua/keys.lua``), which is where
    kombu keeps a queue's messages."""
    key = f"{PREFIX}queue:{name}"
    return Queue(key, key, routing_key=key)  # type: ignore[no-untyped-call]
