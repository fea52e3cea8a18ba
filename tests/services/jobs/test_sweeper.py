import logging
import threading
import time
from collections.abc import Callable

import pytest
import redis

from services.contract.errors import LedgerUnavailable, StorageUnavailable
from services.contract.job import Job, Result
from services.jobs.ledger import Ledger, Wake
from services.jobs.sweeper import Sweeper

MakeJob = Callable[..., Job]


def expire(ledger: Ledger, job: Job, result: Result) -> None:
    ledger.create(job)
    lease = ledger.claim(job.id)
    assert lease is not None
    ledger.complete(lease, result, 1.0)


def test_a_running_sweeper_brings_back_what_a_worker_lost(
    redis_client: redis.Redis, make_job: MakeJob
) -> None:
    ledger, sent, job = Ledger(redis_client, lease_s=0.1), threading.Event(), make_job()
    ledger.create(job)
    assert ledger.claim(job.id)
    sweeper = Sweeper(
        ledger, lambda wake: sent.set() if wake.job_id == job.id else None, 0.05, lambda _: None
    )
    sweeper.start()
    try:
        assert sent.wait(5)
    finally:
        sweeper.stop()
    assert ledger.position(job.id) == 0


def test_all_files_of_an_expired_job_are_removed_once(
    ledger: Ledger, make_job: MakeJob, result: Result
) -> None:
    job = make_job()
    expire(ledger, job, result)
    removed: list[str] = []
    sweeper = Sweeper(ledger, lambda _: None, 1, removed.append)
    sweeper.sweep()
    sweeper.sweep()
    assert removed == [f"videos/{job.id}", f"snapshots/{job.id}", f"inputs/{job.id}"]


def test_snapshots_of_a_job_that_is_lost_for_good_go_at_once(
    ledger: Ledger, make_job: MakeJob, redis_client: redis.Redis
) -> None:
    job, removed = make_job(), []
    ledger.create(job)
    sweeper = Sweeper(ledger, lambda _: None, 1, removed.append)
    for _ in range(10):
        assert ledger.claim(job.id)
        assert redis_client.zadd("moviola:running", {job.id: 0}, xx=True, ch=True) == 1
        swept = sweeper.sweep()
        assert swept is not None
        if swept.lost:
            break
        assert removed == []
    assert removed == [f"snapshots/{job.id}"]


def test_the_leader_tidies_after_each_sweep(ledger: Ledger) -> None:
    tidied: list[str] = []
    leader, other = (
        Sweeper(ledger, lambda _: None, 1, lambda _: None, lambda: tidied.append("x")) for _ in "ab"
    )
    leader.sweep()
    other.sweep()
    leader.sweep()
    assert tidied == ["x", "x"]


def test_files_that_cannot_be_removed_now_are_removed_later(
    ledger: Ledger, make_job: MakeJob, result: Result
) -> None:
    job = make_job()
    expire(ledger, job, result)
    removed: list[str] = []

    def refuse(prefix: str) -> None:
        raise StorageUnavailable(prefix)

    sweeper = Sweeper(ledger, lambda _: None, 1, refuse)
    with pytest.raises(StorageUnavailable):
        sweeper.sweep()
    sweeper._delete = removed.append
    sweeper.sweep()
    assert len(removed) == 3


def test_one_sweeper_leads_and_another_follows_when_it_stops(ledger: Ledger) -> None:
    first, second = (Sweeper(ledger, lambda _: None, 0.01, lambda _: None) for _ in range(2))
    assert first.sweep() is not None
    assert second.sweep() is None
    first.start()
    first.stop()
    assert second.sweep() is not None


def test_a_leader_that_died_is_followed_in_seconds(ledger: Ledger, redis_client: redis.Redis) -> None:
    sweeper = Sweeper(ledger, lambda _: None, 2, lambda _: None)
    assert ledger.lead("dead", 0.05)
    assert sweeper.sweep() is None
    time.sleep(0.1)
    assert sweeper.sweep() is not None
    assert 5000 < redis_client.pttl("moviola:leader") <= 6000


def test_a_follower_cannot_step_down_for_the_leader(ledger: Ledger) -> None:
    assert ledger.lead("first", 5)
    ledger.step_down("second")
    assert not ledger.lead("second", 5)
    ledger.step_down("first")
    assert ledger.lead("second", 5)


def test_the_thread_outlives_trouble(
    ledger: Ledger, make_job: MakeJob, redis_client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    job, sent = make_job(), threading.Event()
    ledger.create(job)
    tries: list[Wake] = []

    def publish(wake: Wake) -> None:
        tries.append(wake)
        if len(tries) == 1:
            raise LedgerUnavailable("not now")
        sent.set()

    sweeper = Sweeper(ledger, publish, 0.02, lambda _: None)
    with caplog.at_level(logging.INFO, logger="services.jobs.sweeper"):
        sweeper.start()
        assert sent.wait(5)
        sweeper.stop()
    assert "put off" in caplog.text
    assert "1 published again" in caplog.text


def test_stopping_before_starting_is_nothing(ledger: Ledger) -> None:
    Sweeper(ledger, lambda _: None, 1, lambda _: None).stop()
