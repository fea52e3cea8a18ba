from collections.abc import Callable

import pytest
import redis

from services.contract.errors import LeaseLost
from services.contract.job import Failure, Job, Result, Status
from services.jobs import ledger as ledger_module
from services.jobs.ledger import Ledger, Swept

MakeJob = Callable[..., Job]


def make_due(client: redis.Redis, which: str, job_id: str) -> None:
    assert client.zadd(f"moviola:{which}", {job_id: 0}, xx=True, ch=True) == 1


def test_a_queued_job_that_nobody_claims_is_published_again(
    ledger: Ledger, redis_client: redis.Redis, make_job: MakeJob
) -> None:
    job = make_job()
    ledger.create(job)
    sent: list[str] = []
    assert ledger.sweep(sent.append) == Swept((), (), (), ())
    make_due(redis_client, "unclaimed", job.id)
    assert ledger.sweep(sent.append).republished == (job.id,)
    assert ledger.sweep(sent.append).republished == ()
    assert sent == [job.id]


def test_patience_doubles_up_to_a_limit(ledger: Ledger, redis_client: redis.Redis, make_job: MakeJob) -> None:
    job = make_job()
    ledger.create(job)
    waits = []
    for _ in range(5):
        make_due(redis_client, "unclaimed", job.id)
        ledger.sweep(lambda _: None)
        waits.append(int(redis_client.hget(f"moviola:job:{job.id}", "patience") or 0))
    assert waits == [5_000, 10_000, 20_000, 30_000, 30_000]
    lease = ledger.claim(job.id)
    assert lease is not None
    ledger.give_back(lease)
    ledger.sweep(lambda _: None)
    assert redis_client.hget(f"moviola:job:{job.id}", "patience") == b"5000"


def test_only_the_head_of_the_queue_is_published_again(
    ledger: Ledger, redis_client: redis.Redis, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "HEAD", 2)
    jobs = [make_job() for _ in range(4)]
    for job in jobs:
        ledger.create(job)
        make_due(redis_client, "unclaimed", job.id)
    sent: list[str] = []
    ledger.sweep(sent.append)
    assert sent == [jobs[0].id, jobs[1].id]
    assert ledger.claim(jobs[0].id)
    ledger.sweep(sent.append)
    assert sent[2:] == [jobs[2].id]


def test_a_job_on_a_dead_lease_goes_back_at_once(
    ledger: Ledger, redis_client: redis.Redis, make_job: MakeJob
) -> None:
    first, second = make_job(), make_job()
    ledger.create(first)
    ledger.create(second)
    lease = ledger.claim(first.id)
    assert lease is not None
    make_due(redis_client, "running", first.id)
    sent: list[str] = []
    assert ledger.sweep(sent.append) == Swept((first.id,), (first.id,), (), ())
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
    ledger = Ledger(redis_client, max_attempts=1)
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


def test_nothing_but_the_listing_number_outlives_all_jobs(
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
    assert keys == {b"moviola:seq"}
