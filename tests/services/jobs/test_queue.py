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
from services.jobs.queue import AGAIN, FIRST, RENDER, publish, queue_app, republish


@contextmanager
def consuming(app: Celery) -> Iterator[None]:
    """A worker of one thread in this process."""
    with start_worker(app, pool="threads", concurrency=1, perform_ping_check=False, shutdown_timeout=10):
        yield


def test_a_message_carries_the_id_and_nothing_of_the_job(redis_url: str, redis_client: redis.Redis) -> None:
    app = queue_app(redis_url)
    publish(app, "video_1")
    republish(app, "video_2")
    for queue, job_id in ((FIRST, "video_1"), (AGAIN, "video_2")):
        (raw,) = redis_client.lrange(queue, 0, -1)
        message = json.loads(raw)
        args, kwargs, _ = json.loads(base64.b64decode(message["body"]))
        assert (args, kwargs) == ([job_id], {})
        assert message["headers"]["task"] == RENDER
        assert message["content-type"] == "application/json"


def test_who_publishes_hears_that_the_broker_is_away(own_port: int) -> None:
    app = queue_app(f"redis://127.0.0.1:{own_port}/0")
    began = time.monotonic()
    with pytest.raises(LedgerUnavailable):
        publish(app, "video_1")
    assert time.monotonic() - began < 5


def test_ids_from_many_threads_reach_a_worker_from_both_queues(
    redis_url: str, redis_client: redis.Redis
) -> None:
    app, seen, all_seen = queue_app(redis_url), set(), threading.Event()

    @app.task(name=RENDER, shared=False)
    def render(job_id: str) -> None:
        seen.add(job_id)
        if len(seen) == 20:
            all_seen.set()

    senders = [
        threading.Thread(target=send, args=(app, f"video_{send.__name__}_{number}"))
        for number in range(10)
        for send in (publish, republish)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    with consuming(app):
        assert all_seen.wait(10)
    assert redis_client.hlen("unacked") == 0


def test_an_id_sent_again_does_not_wait_behind_all_others(redis_url: str, redis_client: redis.Redis) -> None:
    app, order, done = queue_app(redis_url), [], threading.Event()

    @app.task(name=RENDER, shared=False)
    def render(job_id: str) -> None:
        order.append(job_id)
        if len(order) == 21:
            done.set()

    for number in range(20):
        publish(app, f"video_{number}")
    republish(app, "video_again")
    with consuming(app):
        assert done.wait(10)
    assert order.index("video_again") <= 3
    assert redis_client.llen(FIRST) == 0


def test_nothing_but_json_is_taken_and_nothing_is_kept(redis_url: str) -> None:
    conf = queue_app(redis_url).conf
    assert conf.accept_content == ["json"]
    assert conf.result_backend is None
    assert conf.task_acks_late is True
    assert conf.worker_prefetch_multiplier == 1
