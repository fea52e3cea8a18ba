import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from services.contract.errors import Conflict, JobCancelled, LeaseLost, NotFound
from services.contract.job import Failure, Job, Progress, Result, Stage, Status
from services.jobs.ledger import Counts, Lease, Ledger
from services.jobs.rules import Rules

MakeJob = Callable[..., Job]
HALF = Progress(stage=Stage.SAMPLE, step=5, total_steps=10, percent=27)
BROKEN = Failure(code="generation_failed", message="no picture")


def redis_ms(client: redis.Redis) -> int:
    seconds, micros = client.time()
    return seconds * 1000 + micros // 1000


def claimed(ledger: Ledger, job: Job) -> Lease:
    lease = ledger.claim(job.id)
    assert lease is not None
    return lease


def test_a_created_job_reads_back_as_it_was(ledger: Ledger, make_job: MakeJob) -> None:
    job = make_job()
    ledger.create(job)
    assert ledger.find(job.id) == job
    assert ledger.get("t", job.id) == job
    assert ledger.get("other", job.id) is None
    assert ledger.find("video_none") is None
    assert ledger.counts() == Counts(queued=1, running=0)


def test_a_repeated_create_makes_one_job(ledger: Ledger, make_job: MakeJob) -> None:
    job = make_job()
    ledger.create(job)
    ledger.create(job)
    assert ledger.counts().queued == 1
    with pytest.raises(Conflict):
        ledger.create(job.model_copy(update={"tenant": "other"}))
    assert ledger.find(job.id) == job


def test_a_claim_takes_a_job_once(ledger: Ledger, make_job: MakeJob) -> None:
    job = make_job()
    ledger.create(job)
    lease = claimed(ledger, job)
    assert lease.token == 1
    assert lease.job == ledger.find(job.id)
    assert lease.job.status is Status.IN_PROGRESS
    assert lease.job.attempt == 1
    assert lease.job.started_at is not None
    assert ledger.claim(job.id) is None
    assert ledger.claim("video_none") is None
    assert ledger.counts() == Counts(queued=0, running=1)


def test_of_many_claims_at_once_one_wins(ledger: Ledger, make_job: MakeJob) -> None:
    jobs = [make_job() for _ in range(20)]
    for job in jobs:
        ledger.create(job)
    start = threading.Barrier(8)

    def race(_: int) -> list[str]:
        start.wait()
        return [job.id for job in jobs if ledger.claim(job.id)]

    with ThreadPoolExecutor(8) as pool:
        won = [job_id for ids in pool.map(race, range(8)) for job_id in ids]
    assert sorted(won) == [job.id for job in jobs]


def test_a_claim_whose_reply_was_lost_is_not_lost(
    ledger: Ledger, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job()
    ledger.create(job)
    run = ledger._scripts.run
    monkeypatch.setattr(ledger._scripts, "run", lambda *args: (run(*args), run(*args))[1])
    lease = claimed(ledger, job)
    assert (lease.token, lease.job.attempt) == (1, 1)


def test_every_settling_step_may_be_sent_twice(
    ledger: Ledger, make_job: MakeJob, result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ledger._scripts.run
    monkeypatch.setattr(ledger._scripts, "run", lambda *args: (run(*args), run(*args))[1])
    steps: list[tuple[Callable[[Lease], None], Status, int]] = [
        (lambda lease: ledger.complete(lease, result, 2e9), Status.COMPLETED, 1),
        (lambda lease: ledger.fail(lease, BROKEN), Status.FAILED, 1),
        (lambda lease: ledger.retry(lease, BROKEN), Status.QUEUED, 1),
        (lambda lease: ledger.give_back(lease), Status.QUEUED, 0),
    ]
    for step, status, attempt in steps:
        job = make_job()
        ledger.create(job)
        step(claimed(ledger, job))
        row = ledger.find(job.id)
        assert row is not None
        assert (row.status, row.attempt) == (status, attempt)


def test_a_lost_worker_gives_way_and_stays_out(
    ledger: Ledger, make_job: MakeJob, result: Result, lose_worker: Callable[[str], None]
) -> None:
    job = make_job()
    ledger.create(job)
    first = claimed(ledger, job)
    lose_worker(job.id)
    second = claimed(ledger, job)
    assert second.token == 2
    for step in (
        lambda: ledger.renew(first),
        lambda: ledger.progress(first, HALF),
        lambda: ledger.give_back(first),
        lambda: ledger.retry(first, BROKEN),
        lambda: ledger.fail(first, BROKEN),
        lambda: ledger.complete(first, result, 2e9),
    ):
        with pytest.raises(LeaseLost):
            step()
    assert ledger.find(job.id) == second.job
    ledger.complete(second, result, 2e9)


def test_renewing_keeps_the_job(redis_client: redis.Redis, make_job: MakeJob) -> None:
    ledger = Ledger(redis_client, lease_s=0.2)
    job = make_job()
    ledger.create(job)
    lease = claimed(ledger, job)
    for step in range(4):
        threading.Event().wait(0.1)
        if step % 2:
            ledger.renew(lease)
        else:
            ledger.progress(lease, HALF)
        assert ledger.claim(job.id) is None
    threading.Event().wait(0.25)
    assert claimed(ledger, job).token == 2


def test_the_third_lost_worker_ends_the_job(
    ledger: Ledger, make_job: MakeJob, lose_worker: Callable[[str], None]
) -> None:
    job = make_job()
    ledger.create(job)
    for attempt in (1, 2, 3):
        assert claimed(ledger, job).job.attempt == attempt
        lose_worker(job.id)
    assert ledger.claim(job.id) is None
    row = ledger.find(job.id)
    assert row is not None
    assert row.status is Status.FAILED
    assert row.failure is not None
    assert row.failure.code == "worker_lost"
    assert ledger.counts() == Counts(queued=0, running=0)


def lost(ledger: Ledger, job: Job, lose_worker: Callable[[str], None], *steps: int) -> Job:
    """An attempt that gets through ``steps`` and loses its worker; the row afterwards."""
    lease = claimed(ledger, job)
    for step in steps:
        ledger.progress(lease, Progress(stage=Stage.SAMPLE, step=step, total_steps=50, percent=1))
    lose_worker(job.id)
    ledger.sweep(lambda _: None)
    row = ledger.find(job.id)
    assert row is not None
    return row


def test_a_job_that_gets_further_each_time_is_tried_up_to_a_total(
    ledger: Ledger, make_job: MakeJob, lose_worker: Callable[[str], None]
) -> None:
    job = make_job()
    ledger.create(job)
    for attempt in range(1, 20):
        row = lost(ledger, job, lose_worker, attempt - 1, attempt)
        assert (row.status, row.attempt) == (Status.QUEUED, attempt)
    row = lost(ledger, job, lose_worker, 20)
    assert row.failure is not None
    assert (row.status, row.attempt, row.failure.code) == (Status.FAILED, 20, "worker_lost")


def test_a_job_that_dies_at_one_place_is_lost_three_times_there(
    ledger: Ledger, make_job: MakeJob, lose_worker: Callable[[str], None]
) -> None:
    job = make_job()
    ledger.create(job)
    rows = [lost(ledger, job, lose_worker, 1, 2, 3) for _ in range(4)]
    assert [row.status for row in rows] == [Status.QUEUED] * 3 + [Status.FAILED]


def test_getting_further_makes_up_for_what_was_in_vain(
    ledger: Ledger, make_job: MakeJob, lose_worker: Callable[[str], None]
) -> None:
    job = make_job()
    ledger.create(job)
    for step in (0, 0, 1, 0, 1, 2, 2, 1):
        assert lost(ledger, job, lose_worker, step).status is Status.QUEUED
    assert lost(ledger, job, lose_worker, 0).status is Status.FAILED


def test_text_is_encoded_anew_each_time_and_is_no_progress(
    ledger: Ledger, make_job: MakeJob, lose_worker: Callable[[str], None]
) -> None:
    job = make_job()
    ledger.create(job)
    for _ in range(3):
        lease = claimed(ledger, job)
        ledger.progress(lease, Progress(stage=Stage.ENCODE, step=1, total_steps=1, percent=1))
        lose_worker(job.id)
        ledger.sweep(lambda _: None)
    row = ledger.find(job.id)
    assert row is not None
    assert row.status is Status.FAILED


def test_lost_workers_and_setbacks_count_apart(
    redis_client: redis.Redis, make_job: MakeJob, lose_worker: Callable[[str], None]
) -> None:
    ledger = Ledger(redis_client, rules=Rules(max_attempts=2, max_retries=3))
    job = make_job()
    ledger.create(job)
    for _ in range(2):
        ledger.retry(claimed(ledger, job), BROKEN)
        redis_client.zadd("moviola:paused", {job.id: 0})
    assert lost(ledger, job, lose_worker).status is Status.QUEUED
    ledger.retry(claimed(ledger, job), BROKEN)
    row = ledger.find(job.id)
    assert row is not None
    assert (row.status, row.failure) == (Status.FAILED, BROKEN)


def test_a_pause_is_never_longer_than_a_minute(redis_client: redis.Redis, make_job: MakeJob) -> None:
    ledger = Ledger(redis_client, rules=Rules(max_retries=20))
    job = make_job()
    ledger.create(job)
    for _ in range(10):
        before = redis_ms(redis_client)
        ledger.retry(claimed(ledger, job), BROKEN)
        due = redis_client.zscore("moviola:paused", job.id)
        redis_client.zadd("moviola:paused", {job.id: 0})
    assert due is not None
    assert 60_000 <= due - before < 61_000


def test_progress_shows_and_changes_the_version(ledger: Ledger, make_job: MakeJob) -> None:
    job = make_job()
    ledger.create(job)
    lease = claimed(ledger, job)
    before = ledger.version("t", job.id)
    ledger.progress(lease, HALF)
    row = ledger.find(job.id)
    after = ledger.version("t", job.id)
    assert row is not None
    assert row.progress == HALF
    assert before is not None
    assert after is not None
    assert after > before
    ledger.renew(lease)
    assert ledger.version("t", job.id) == after
    assert ledger.version("other", job.id) is None
    assert ledger.version("t", "video_none") is None


def test_a_job_given_back_keeps_its_place_and_its_attempts(ledger: Ledger, make_job: MakeJob) -> None:
    first, second = make_job(), make_job()
    ledger.create(first)
    ledger.create(second)
    lease = claimed(ledger, first)
    assert ledger.position(second.id) == 0
    ledger.progress(lease, HALF)
    ledger.give_back(lease)
    row = ledger.find(first.id)
    assert row is not None
    assert (row.status, row.attempt, row.progress) == (Status.QUEUED, 0, HALF)
    assert (ledger.position(first.id), ledger.position(second.id)) == (0, 1)
    again = claimed(ledger, first)
    assert (again.token, again.job.attempt) == (2, 1)
    assert ledger.position(first.id) is None


def test_a_retry_waits_and_the_last_one_fails(redis_client: redis.Redis, make_job: MakeJob) -> None:
    ledger = Ledger(redis_client, rules=Rules(max_retries=3))
    job = make_job()
    ledger.create(job)
    away = Failure(code="unavailable", message="Triton")
    for pause_ms in (2000, 4000):
        before = redis_ms(redis_client)
        ledger.retry(claimed(ledger, job), away)
        assert ledger.claim(job.id) is None
        assert ledger.position(job.id) == 0
        due = redis_client.zscore("moviola:paused", job.id)
        assert due is not None
        assert 0 <= due - before - pause_ms < 1000
        redis_client.zadd("moviola:paused", {job.id: 0})
    ledger.retry(claimed(ledger, job), away)
    row = ledger.find(job.id)
    assert row is not None
    assert (row.status, row.failure, row.attempt) == (Status.FAILED, away, 3)


def test_complete_commits_the_result(ledger: Ledger, make_job: MakeJob, result: Result) -> None:
    job = make_job()
    ledger.create(job)
    lease = claimed(ledger, job)
    ledger.complete(lease, result, 2e9)
    row = ledger.find(job.id)
    assert row is not None
    assert (row.status, row.result, row.expires_at) == (Status.COMPLETED, result, 2e9)
    assert row.completed_at is not None
    assert row.started_at is not None
    assert row.completed_at >= row.started_at
    assert ledger.claim(job.id) is None
    with pytest.raises(LeaseLost):
        ledger.fail(lease, BROKEN)
    with pytest.raises(Conflict):
        ledger.cancel("t", job.id)
    assert ledger.find(job.id) == row


def test_fail_ends_the_job(ledger: Ledger, make_job: MakeJob) -> None:
    job = make_job()
    ledger.create(job)
    ledger.fail(claimed(ledger, job), BROKEN)
    row = ledger.find(job.id)
    assert row is not None
    assert (row.status, row.failure) == (Status.FAILED, BROKEN)
    assert row.completed_at is not None
    assert row.expires_at == pytest.approx(row.completed_at + 7 * 24 * 3600, abs=0.01)
    assert ledger.claim(job.id) is None


def test_a_queued_job_is_cancelled_at_once(ledger: Ledger, make_job: MakeJob) -> None:
    job = make_job()
    ledger.create(job)
    row = ledger.cancel("t", job.id)
    assert row == ledger.find(job.id)
    assert row.status is Status.FAILED
    assert row.failure is not None
    assert row.failure.code == "cancelled"
    assert ledger.claim(job.id) is None
    assert ledger.counts() == Counts(queued=0, running=0)
    with pytest.raises(Conflict):
        ledger.cancel("t", job.id)
    for tenant, job_id in (("other", job.id), ("t", "video_none")):
        with pytest.raises(NotFound):
            ledger.cancel(tenant, job_id)


def test_a_running_job_is_cancelled_and_its_worker_hears(
    ledger: Ledger, make_job: MakeJob, result: Result
) -> None:
    job = make_job()
    ledger.create(job)
    lease = claimed(ledger, job)
    row = ledger.cancel("t", job.id)
    assert row.status is Status.FAILED
    for step in (
        lambda: ledger.renew(lease),
        lambda: ledger.progress(lease, HALF),
        lambda: ledger.complete(lease, result, 2e9),
        lambda: ledger.fail(lease, BROKEN),
        lambda: ledger.give_back(lease),
        lambda: ledger.retry(lease, BROKEN),
    ):
        with pytest.raises(JobCancelled):
            step()
    assert ledger.find(job.id) == row


def test_delete_wins_in_every_state(ledger: Ledger, make_job: MakeJob, result: Result) -> None:
    queued, running, done = make_job(), make_job(), make_job()
    for job in (queued, running, done):
        ledger.create(job)
    lease = claimed(ledger, running)
    ledger.complete(claimed(ledger, done), result, 2e9)
    for job in (queued, running, done):
        last = ledger.find(job.id)
        assert ledger.delete("other", job.id) is None
        assert ledger.delete("t", job.id) == last
        assert ledger.delete("t", job.id) is None
        assert ledger.find(job.id) is None
        assert ledger.claim(job.id) is None
    with pytest.raises(LeaseLost):
        ledger.complete(lease, result, 2e9)
    assert ledger.counts() == Counts(queued=0, running=0)
    assert ledger.page("t", after=None, limit=100, descending=False).jobs == []


def test_of_complete_cancel_and_delete_at_once_the_row_tells_one_story(
    ledger: Ledger, make_job: MakeJob, result: Result
) -> None:
    for _ in range(30):
        job = make_job()
        ledger.create(job)
        lease = claimed(ledger, job)
        start = threading.Barrier(2)

        def complete(lease: Lease = lease, start: threading.Barrier = start) -> bool:
            start.wait()
            try:
                ledger.complete(lease, result, 2e9)
            except JobCancelled:
                return False
            return True

        def cancel(job: Job = job, start: threading.Barrier = start) -> bool:
            start.wait()
            try:
                ledger.cancel("t", job.id)
            except Conflict:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            outcomes = [pool.submit(complete), pool.submit(cancel)]
            completed, cancelled = (outcome.result() for outcome in outcomes)
        row = ledger.find(job.id)
        assert row is not None
        assert completed != cancelled
        assert (row.status is Status.COMPLETED) == completed


def test_positions_follow_arrival(ledger: Ledger, make_job: MakeJob) -> None:
    jobs = [make_job(id=name) for name in ("z", "a", "m")]
    for job in jobs:
        ledger.create(job)
    assert [ledger.position(job.id) for job in jobs] == [0, 1, 2]
    ledger.cancel("t", "z")
    assert [ledger.position(job.id) for job in jobs] == [None, 0, 1]


@pytest.mark.parametrize("descending", [False, True])
def test_pages_give_every_job_of_the_tenant_once(ledger: Ledger, make_job: MakeJob, descending: bool) -> None:
    mine = [make_job() for _ in range(7)]
    for job in mine:
        ledger.create(job)
        ledger.create(make_job(tenant="other"))
    seen: list[str] = []
    more, after = True, None
    while more:
        page = ledger.page("t", after=after, limit=3, descending=descending)
        seen += [job.id for job in page.jobs]
        more, after = page.has_more, seen[-1]
    assert seen == [job.id for job in (reversed(mine) if descending else mine)]


def test_pages_at_their_edges(ledger: Ledger, make_job: MakeJob) -> None:
    assert ledger.page("t", after=None, limit=5, descending=True).jobs == []
    mine, foreign = make_job(), make_job(tenant="other")
    ledger.create(mine)
    ledger.create(foreign)
    assert ledger.page("t", after=None, limit=1, descending=False).has_more is False
    assert ledger.page("t", after=None, limit=0, descending=False).has_more is True
    for unknown in ("video_none", foreign.id):
        with pytest.raises(NotFound) as caught:
            ledger.page("t", after=unknown, limit=5, descending=False)
        assert caught.value.param == "after"


def test_who_deletes_while_listing_can_go_on(ledger: Ledger, make_job: MakeJob) -> None:
    jobs = [make_job() for _ in range(4)]
    for job in jobs:
        ledger.create(job)
    ledger.delete("t", jobs[1].id)
    page = ledger.page("t", after=jobs[1].id, limit=5, descending=False)
    assert [job.id for job in page.jobs] == [jobs[2].id, jobs[3].id]
    with pytest.raises(NotFound):
        ledger.page("other", after=jobs[1].id, limit=5, descending=False)
