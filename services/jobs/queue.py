"""The Celery app. Its messages carry a job id and nothing else; all that matters is in the ledger."""

import redis
from celery import Celery
from kombu.exceptions import OperationalError

from services.contract.errors import LedgerUnavailable

RENDER = "moviola.render"
FIRST = "moviola"
AGAIN = "moviola.again"
"""Ids that are sent once more. They were at the head of the line: not behind all others' messages."""


def queue_app(redis_url: str) -> Celery:
    """A Celery app on Redis, for publishers and workers alike. Connects when first used."""
    app = Celery("moviola", broker=redis_url)
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        result_backend=None,
        task_ignore_result=True,
        task_acks_late=True,
        # The lease brings a job back, and stops after some attempts. The broker would never stop.
        task_reject_on_worker_lost=False,
        task_default_queue=FIRST,
        task_queues={name: {"exchange": name, "routing_key": name} for name in (FIRST, AGAIN)},
        task_create_missing_queues=False,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=2,
        broker_transport_options={
            # Longer than any job: what is redelivered earlier finds nothing to claim.
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


def publish(app: Celery, job_id: str) -> None:
    """Tell the workers of a new job. Raises LedgerUnavailable; the sweeper then sends the id."""
    _send(app, job_id, FIRST)


def republish(app: Celery, job_id: str) -> None:
    """Tell the workers of a job once more. Raises LedgerUnavailable; the next sweep sends it again."""
    _send(app, job_id, AGAIN)


def _send(app: Celery, job_id: str, queue: str) -> None:
    try:
        app.send_task(RENDER, args=(job_id,), queue=queue, ignore_result=True)
    except (OperationalError, redis.RedisError) as error:
        raise LedgerUnavailable(f"the queue does not take the id: {error}") from error
