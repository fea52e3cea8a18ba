import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis
from celery import Celery
from celery.contrib.testing.worker import start_worker

from services.contract.errors import LedgerUnavailable
from services.jobs.ledger import ALL_CLASSES, Wake, line
from services.jobs.queue import RENDER, publish, queue_app


@contextmanager
def consuming(app: Celery) -> Iterator[None]:
    """A worker of one thread in this process."""
    with start_worker(app, pool="threads", concurrency=1, perform_ping_check=False, shutdown_timeout=10):
        yield


def test_a_message_carries_the_id_and_nothing_of_the_job(redis_url: str, redis_client: redis.Redis) -> None:
    app = queue_app(redis_url)
    for service_class in ALL_CLASSES:
        name = line("cast", service_class)
        publish(app, Wake(f"video_{service_class}", name))
        # The sweep looks for messages under this key.
        (raw,) = redis_client.lrange(f"moviola:queue:cast.{service_class}", 0, -1)
        message = json.loads(raw)
        args, kwargs, _ = json.loads(base64.b64decode(message["body"]))
        assert (args, kwargs) == ([f"video_{service_class}"], {})
        assert message["headers"]["task"] == RENDER
        assert message["content-type"] == "application/json"


def test_who_publishes_hears_that_the_broker_is_away(own_port: int) -> None:
    app = queue_app(f"redis://127.0.0.1:{own_port}/0")
    began = time.monotonic()
    with pytest.raises(LedgerUnavailable):
        publish(app, Wake("video_1", "cast.batch"))
    assert time.monotonic() - began < 5


def test_ids_from_many_threads_reach_a_worker_of_both_classes_and_no_other_cast(
    redis_url: str, redis_client: redis.Redis
) -> None:
    app, seen, all_seen = queue_app(redis_url, "cast", ALL_CLASSES), set(), threading.Event()

    @app.task(name=RENDER, shared=False)
    def render(job_id: str) -> None:
        seen.add(job_id)
        if len(seen) == 20:
            all_seen.set()

    publisher = queue_app(redis_url)
    publish(publisher, Wake("video_foreign", "other.batch"))
    senders = [
        threading.Thread(target=publish, args=(publisher, Wake(f"video_{one}_{number}", line("cast", one))))
        for number in range(10)
        for one in ALL_CLASSES
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    with consuming(app):
        assert all_seen.wait(10)
    assert redis_client.hlen("unacked") == 0
    assert "video_foreign" not in seen
    assert redis_client.llen("moviola:queue:other.batch") == 1


def test_nothing_but_json_is_taken_and_nothing_is_kept(redis_url: str) -> None:
    conf = queue_app(redis_url).conf
    assert conf.accept_content == ["json"]
    assert conf.result_backend is None
    assert conf.task_acks_late is True
    assert conf.worker_prefetch_multiplier == 1
