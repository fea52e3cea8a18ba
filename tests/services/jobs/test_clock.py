"""Redis's clock is set, as the sweep sees it: by when it swept last and when what waits is due."""

import time
from collections.abc import Callable

import pytest
import redis

from services.contract.errors import LeaseLost
from services.contract.job import Failure, Job, Result, Target, Told
from services.jobs.ledger import Lease, Ledger, Swept
from services.jobs.outbox import Outbox
from services.jobs.rules import Rules

MakeJob = Callable[..., Job]
HOUR_MS = 3_600_000
AWAY = Failure(code="unavailable", message="away")
TIMED = ("running", "paused", "outbox", "graves", "lane:*")


def set_clock(client: redis.Redis, ms: int) -> None:
    """The clock is ``ms`` further than it was: all times in Redis lie so much further back."""
    for pattern in TIMED:
        for key in client.scan_iter(f"moviola:{pattern}"):
            for one in client.zrange(key, 0, -1):
                client.zincrby(key, -ms, str(one, "utf-8"))  # type: ignore[arg-type]
    if (swept := client.get("moviola:swept")) is not None:
        client.set("moviola:swept", int(swept) - ms)


def sweep(ledger: Ledger) -> Swept:
    return ledger.sweep(lambda _: None)


@pytest.fixture
def running(ledger: Ledger, make_job: MakeJob) -> Lease:
    sweep(ledger)
    job = make_job()
    ledger.create(job)
    lease = ledger.claim(job.id)
    assert lease is not None
    return lease


def left_s(client: redis.Redis, job_id: str) -> float:
    score = client.zscore("moviola:running", job_id)
    assert score is not None
    return float(score) / 1000 - time.time()


@pytest.mark.parametrize("ms", [HOUR_MS, -HOUR_MS, 11_000, -2_000])
def test_leases_begin_anew_once_for_a_worker_that_is_not_heard(
    ledger: Ledger, redis_client: redis.Redis, running: Lease, ms: int
) -> None:
    set_clock(redis_client, ms)
    assert sweep(ledger) == Swept((), (), (), (), (running.job.id,))
    assert 9 < left_s(redis_client, running.job.id) <= 10
    set_clock(redis_client, HOUR_MS)
    assert sweep(ledger).returned == (running.job.id,)


def test_a_worker_that_is_heard_keeps_its_job_through_any_number(
    redis_client: redis.Redis, make_job: MakeJob
) -> None:
    ledger, job = Ledger(redis_client, rules=Rules(max_attempts=1)), make_job()
    ledger.create(job)
    lease = ledger.claim(job.id)
    assert lease is not None
    sweep(ledger)
    for _ in range(3):
        for ms in (HOUR_MS, -HOUR_MS):
            set_clock(redis_client, ms)
            assert sweep(ledger).spared == (job.id,)
            ledger.renew(lease)


def test_no_lease_lasts_until_the_old_time_comes_again(
    ledger: Ledger, redis_client: redis.Redis, running: Lease
) -> None:
    set_clock(redis_client, -HOUR_MS)
    sweep(ledger)
    set_clock(redis_client, -HOUR_MS)
    assert sweep(ledger).spared == (running.job.id,)
    assert left_s(redis_client, running.job.id) <= 10


def test_each_job_has_the_lease_of_its_own_worker(
    ledger: Ledger, redis_client: redis.Redis, make_job: MakeJob
) -> None:
    sweep(ledger)
    job = make_job()
    ledger.create(job)
    assert Ledger(redis_client, lease_s=60).claim(job.id)
    set_clock(redis_client, HOUR_MS)
    assert sweep(ledger).spared == (job.id,)
    assert 59 < left_s(redis_client, job.id) <= 60


def test_a_lease_that_ran_out_while_others_swept_is_lost(
    ledger: Ledger, redis_client: redis.Redis, running: Lease
) -> None:
    redis_client.zadd("moviola:running", {running.job.id: 0})
    assert sweep(ledger).returned == (running.job.id,)
    with pytest.raises(LeaseLost):
        ledger.renew(running)


def test_pauses_and_files_to_remove_go_back_with_the_clock(
    ledger: Ledger, redis_client: redis.Redis, running: Lease, make_job: MakeJob
) -> None:
    deleted = make_job()
    ledger.create(deleted)
    ledger.delete("t", deleted.id)
    ledger.retry(running, AWAY)
    set_clock(redis_client, -HOUR_MS)
    sweep(ledger)
    due = redis_client.zscore("moviola:graves", deleted.id)
    assert due is not None
    assert time.time() < due / 1000 < time.time() + 61
    deadline = time.monotonic() + 5
    while ledger.take("moviegen-mini") is None:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_webhooks_go_back_with_the_clock(
    ledger: Ledger, redis_client: redis.Redis, make_job: MakeJob, result: Result
) -> None:
    sweep(ledger)
    outbox, jobs = Outbox(redis_client), []
    for url in ("https://a.example", "https://b.example", "https://b.example"):
        jobs.append(make_job(webhooks=(Target(of="job", url=url, secret="whsec_own"),)))
        ledger.create(jobs[-1])
        lease = ledger.claim(jobs[-1].id)
        assert lease is not None
        ledger.complete(lease, result, 4e9)
    failed = outbox.take()
    assert failed is not None
    outbox.retry(failed, 1, "503")
    set_clock(redis_client, -HOUR_MS)
    assert outbox.take() is None
    sweep(ledger)
    told: set[str] = set()
    deadline = time.monotonic() + 5
    while len(told) < 3 and time.monotonic() < deadline:
        if (delivery := outbox.take()) is not None:
            told.add(delivery.job_id)
            outbox.end(delivery, Told.DELIVERED)
    assert told == {job.id for job in jobs}


def test_another_leads_although_a_lock_of_the_dead_leader_would_last_an_hour(
    ledger: Ledger, redis_client: redis.Redis
) -> None:
    assert ledger.lead("dead", 6)
    assert not ledger.lead("alive", 6)
    redis_client.pexpire("moviola:leader", HOUR_MS)
    assert ledger.lead("alive", 6)
    assert redis_client.pttl("moviola:leader") <= 6000
