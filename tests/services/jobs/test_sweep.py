from collections.abc import Callable

import pytest
import redis

from services.contract.errors import LeaseLost
from services.contract.job import Failure, Job, Result, Status
from services.contract.spec import ServiceClass
from services.jobs import ledger as ledger_module
from services.jobs.ledger import Ledger, Swept, Wake
from services.jobs.rules import Rules

MakeJob = Callable[..., Job]


LINE = "moviegen-mini.interactive"
MESSAGES = f"moviola:queue:{LINE}"


def make_due(client: redis.Redis, which: str, job_id: str) -> None:
    assert client.zadd(f"moviola:{which}", {job_id: 0}, xx=True, ch=True) == 1


def test_a_worker_is_woken_where_somebody_waits_and_no_message_is_under_way(
    ledger: Ledger, redis_client: redis.Redis, make_job: MakeJob
) -> None:
    sent: list[Wake] = []
    assert ledger.sweep(sent.append) == Swept((), (), (), ())
    job = make_job()
    ledger.create(job)
    redis_client.lpush(MESSAGES, "a message")
    assert ledger.sweep(sent.append) == Swept((), (), (), ())
    redis_client.delete(MESSAGES)
    assert ledger.sweep(sent.append).republished == (job.id,)
    assert sent == [Wake(job.id, LINE)] == [Wake.of(job)]
    assert ledger.claim(job.id)
    assert ledger.sweep(sent.append) == Swept((), (), (), ())


def test_no_more_workers_are_woken_than_may_find_something(
    redis_client: redis.Redis, make_job: MakeJob
) -> None:
    ledger = Ledger(redis_client, rules=Rules(max_running=9, max_running_per_tenant=3))
    for tenant in "abc":
        for _ in range(5):
            ledger.create(make_job(tenant=tenant))
    assert len(ledger.sweep(lambda _: None).republished) == ledger_module.HEAD == 8
    for _ in range(6):
        assert ledger.take("moviegen-mini")
    assert len(ledger.sweep(lambda _: None).republished) == 3
    for _ in range(3):
        assert ledger.take("moviegen-mini")
    assert ledger.sweep(lambda _: None) == Swept((), (), (), ())
    assert ledger.take("moviegen-mini") is None


def test_each_line_has_its_own_messages(ledger: Ledger, redis_client: redis.Redis, make_job: MakeJob) -> None:
    quick, slow = make_job(), make_job(service_class=ServiceClass.BATCH)
    ledger.create(quick)
    ledger.create(slow)
    redis_client.lpush(MESSAGES, "a message")
    sent: list[Wake] = []
    ledger.sweep(sent.append)
    assert sent == [Wake(slow.id, "moviegen-mini.batch")]


def test_a_job_on_a_dead_lease_goes_back_at_once(
    ledger: Ledger, redis_client: redis.Redis, make_job: MakeJob
) -> None:
    first, second = make_job(), make_job()
    ledger.create(first)
    ledger.create(second)
    lease = ledger.claim(first.id)
    assert lease is not None
    make_due(redis_client, "running", first.id)
    assert ledger.sweep(lambda _: None) == Swept((first.id, second.id), (first.id,), (), ())
    row = ledger.find(first.id)
    assert row is not None
    assert (row.status, row.attempt) == (Status.QUEUED, 1)
    assert ledger.position(first.id) == 0
    with pytest.raises(LeaseLost):
        ledger.renew(lease)


def test_a_job_given_back_is_published_by_the_next_sweep(ledger: Ledger, make_job: MakeJob) -> None:
    job = make_job()
    ledger.create(job)
    lease = ledger.claim(job.id)
    assert lease is not None
    ledger.give_back(lease)
    assert ledger.sweep(lambda _: None).republished == (job.id,)


def test_the_last_lost_worker_is_found_without_a_claim(redis_client: redis.Redis, make_job: MakeJob) -> None:
    ledger = Ledger(redis_client, rules=Rules(max_attempts=1))
    job = make_job()
    ledger.create(job)
    assert ledger.claim(job.id)
    make_due(redis_client, "running", job.id)
    assert ledger.sweep(lambda _: None) == Swept((), (), (job.id,), ())
    row = ledger.find(job.id)
    assert row is not None
    assert row.failure is not None
    assert row.failure.code == "worker_lost"


def test_expired_rows_go_and_their_files_are_asked_for_until_collected(
    ledger: Ledger, make_job: MakeJob, result: Result
) -> None:
    old, young = make_job(), make_job()
    for job, expires_at in ((old, 1.0), (young, 4e9)):
        ledger.create(job)
        lease = ledger.claim(job.id)
        assert lease is not None
        ledger.complete(lease, result, expires_at)
    assert ledger.sweep(lambda _: None).expired == (old.id,)
    assert ledger.find(old.id) is None
    assert ledger.find(young.id) is not None
    assert [job.id for job in ledger.page("t", after=None, limit=9, descending=False).jobs] == [young.id]
    assert ledger.sweep(lambda _: None).expired == (old.id,)
    ledger.collected(old.id)
    assert ledger.sweep(lambda _: None).expired == ()


def test_failed_rows_expire_too(redis_client: redis.Redis, make_job: MakeJob) -> None:
    ledger = Ledger(redis_client, failed_ttl_s=0)
    failed, cancelled = make_job(), make_job()
    ledger.create(failed)
    ledger.create(cancelled)
    lease = ledger.claim(failed.id)
    assert lease is not None
    ledger.fail(lease, Failure(code="generation_failed", message="no"))
    ledger.cancel("t", cancelled.id)
    assert set(ledger.sweep(lambda _: None).expired) == {failed.id, cancelled.id}
    assert ledger.find(failed.id) is None


def test_files_of_a_deleted_job_are_collected_once_more_later(
    ledger: Ledger, redis_client: redis.Redis, make_job: MakeJob
) -> None:
    job = make_job()
    ledger.create(job)
    ledger.delete("t", job.id)
    assert ledger.sweep(lambda _: None).expired == ()
    make_due(redis_client, "graves", job.id)
    assert ledger.sweep(lambda _: None).expired == (job.id,)


def test_two_numbers_outlive_all_jobs(
    ledger: Ledger, redis_client: redis.Redis, make_job: MakeJob, result: Result
) -> None:
    job = make_job()
    ledger.create(job)
    lease = ledger.claim(job.id)
    assert lease is not None
    ledger.complete(lease, result, 1.0)
    for job_id in ledger.sweep(lambda _: None).expired:
        ledger.collected(job_id)
    keys = {key for key in redis_client.scan_iter() if redis_client.ttl(key) == -1}
    assert keys == {b"moviola:seq", b"moviola:swept"}


def test_a_queue_of_the_first_version_is_taken_over_in_its_order(
    ledger: Ledger, redis_client: redis.Redis, make_job: MakeJob
) -> None:
    jobs = [make_job() for _ in range(3)]
    for job in jobs:
        ledger.create(job)
        redis_client.hdel(f"moviola:job:{job.id}", "class")
        redis_client.zadd("moviola:unclaimed", {job.id: 0})
    for kind in ("waiting", "wheel", "clock", "queued", "lines"):
        for key in redis_client.scan_iter(f"moviola:{kind}*"):
            redis_client.delete(key)
    assert ledger.take("moviegen-mini") is None
    assert len(ledger.sweep(lambda _: None).republished) == 3
    taken = [ledger.take("moviegen-mini") for _ in jobs]
    assert [lease.job.id for lease in taken if lease] == [job.id for job in jobs]
    assert not redis_client.exists("moviola:unclaimed")
