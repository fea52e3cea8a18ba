import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import redis

from services.contract.errors import LedgerUnavailable
from services.contract.job import Failure, Job, Result, Target, Told
from services.jobs.ledger import Lease, Ledger
from services.jobs.outbox import Delivery, Outbox

MakeJob = Callable[..., Job]
OWN = Target(of="job", url="https://a.example/hook?x=1", secret="whsec_own")
ACCOUNT = Target(of="account", url="https://b.example")


@pytest.fixture
def outbox(redis_client: redis.Redis) -> Outbox:
    return Outbox(redis_client)


@pytest.fixture
def finished(ledger: Ledger, make_job: MakeJob, result: Result) -> Callable[..., Job]:
    """A completed job with these webhooks."""

    def finished(*webhooks: Target, **changes: object) -> Job:
        job = make_job(webhooks=webhooks, **changes)
        ledger.complete(started(ledger, job), result, 4e9)
        return job

    return finished


def started(ledger: Ledger, job: Job) -> Lease:
    ledger.create(job)
    lease = ledger.claim(job.id)
    assert lease is not None
    return lease


def taken(outbox: Outbox) -> Iterator[Delivery]:
    while (delivery := outbox.take()) is not None:
        yield delivery


def told(ledger: Ledger, job: Job) -> Told:
    found = ledger.find(job.id)
    assert found is not None
    return found.told


def pass_time(client: redis.Redis, hours: float = 1.0) -> None:
    """Everything in the outbox is due so much earlier."""
    for key in (b"moviola:outbox", *client.scan_iter("moviola:lane:*")):
        for member in client.zrange(key, 0, -1):
            client.zincrby(key, -timedelta(hours=hours).total_seconds() * 1000, member)


def test_an_event_is_there_with_the_state(outbox: Outbox, finished: Callable[..., Job]) -> None:
    before = int(time.time())
    job = finished(OWN)
    (delivery,) = taken(outbox)
    assert (delivery.event, delivery.job_id) == ("evt_" + job.id.removeprefix("video_"), job.id)
    assert (delivery.url, delivery.secret, delivery.tries) == (OWN.url, OWN.secret, 1)
    event = json.loads(delivery.body)
    assert before <= event.pop("created_at") <= time.time()
    assert event == {
        "object": "event",
        "id": delivery.event,
        "type": "video.completed",
        "data": {"id": job.id},
    }


def test_each_target_is_told_the_same(outbox: Outbox, finished: Callable[..., Job]) -> None:
    finished(OWN, ACCOUNT)
    one, other = taken(outbox)
    assert (one.event, one.body) == (other.event, other.body)
    assert {one.id, other.id} == {f"{one.event}.1", f"{one.event}.2"}
    assert {(d.url, d.secret) for d in (one, other)} == {(OWN.url, OWN.secret), (ACCOUNT.url, None)}


def test_nobody_is_told_of_a_job_without_webhooks(
    outbox: Outbox, finished: Callable[..., Job], redis_client: redis.Redis
) -> None:
    finished()
    assert outbox.take() is None
    assert outbox.waiting() == 0
    assert not [*redis_client.scan_iter("moviola:delivery:*")]


def test_a_failure_says_why(outbox: Outbox, ledger: Ledger, make_job: MakeJob) -> None:
    lease = started(ledger, make_job(webhooks=(OWN,)))
    ledger.fail(lease, Failure(code="generation_failed", message='nicht "endlich": \N{INFINITY}'))
    (delivery,) = taken(outbox)
    event = json.loads(delivery.body)
    assert event["type"] == "video.failed"
    assert event["data"] == {
        "id": lease.job.id,
        "error": {"code": "generation_failed", "message": 'nicht "endlich": \N{INFINITY}'},
    }


def test_a_cancelled_job_has_failed(outbox: Outbox, ledger: Ledger, make_job: MakeJob) -> None:
    for job, begin in ((make_job(webhooks=(OWN,)), True), (make_job(webhooks=(OWN,)), False)):
        ledger.create(job)
        if begin:
            ledger.claim(job.id)
        ledger.cancel("t", job.id)
    events = []
    for delivery in taken(outbox):
        events.append(json.loads(delivery.body))
        outbox.end(delivery, Told.DELIVERED)
    assert [(event["type"], event["data"]["error"]["code"]) for event in events] == [
        ("video.failed", "cancelled")
    ] * 2


def test_a_job_deleted_before_its_end_has_no_event(
    outbox: Outbox, ledger: Ledger, make_job: MakeJob, result: Result
) -> None:
    lease = started(ledger, make_job(webhooks=(OWN,)))
    ledger.delete("t", lease.job.id)
    assert outbox.take() is None


def test_a_step_sent_twice_makes_one_event(
    outbox: Outbox, ledger: Ledger, make_job: MakeJob, result: Result
) -> None:
    lease = started(ledger, make_job(webhooks=(OWN,)))
    ledger.complete(lease, result, 4e9)
    ledger.complete(lease, result, 4e9)
    assert outbox.waiting() == 1


def test_a_delivery_is_leased(outbox: Outbox, finished: Callable[..., Job]) -> None:
    finished(OWN)
    assert outbox.take() is not None
    assert outbox.take() is None
    assert outbox.waiting() == 1


def test_a_courier_that_died_is_followed_by_another_with_the_same_event(
    redis_client: redis.Redis, finished: Callable[..., Job]
) -> None:
    outbox = Outbox(redis_client, lease_s=0.05)
    finished(OWN)
    first = outbox.take()
    time.sleep(0.06)
    second = outbox.take()
    assert first is not None
    assert second is not None
    assert (second.id, second.event, second.body) == (first.id, first.event, first.body)
    assert (first.tries, second.tries) == (1, 2)
    assert not outbox.end(first, Told.DELIVERED)
    assert outbox.waiting() == 1
    assert outbox.end(second, Told.DELIVERED)
    assert outbox.waiting() == 0


@pytest.mark.parametrize("end", [Told.DELIVERED, Told.GONE, Told.GIVEN_UP])
def test_an_end_is_in_the_row(
    outbox: Outbox, ledger: Ledger, finished: Callable[..., Job], end: Told, redis_client: redis.Redis
) -> None:
    job = finished(OWN)
    assert told(ledger, job) is Told.PENDING
    version = ledger.version("t", job.id)
    (delivery,) = taken(outbox)
    assert outbox.end(delivery, end, "it answered 500")
    assert told(ledger, job) is end
    assert ledger.version("t", job.id) != version
    assert outbox.waiting() == 0
    assert outbox.outcomes() == {end: 1}
    assert not outbox.end(delivery, end), "a second call must not count"
    assert outbox.outcomes() == {end: 1}
    pass_time(redis_client, 100)
    assert outbox.take() is None


def test_the_accounts_webhook_is_not_the_jobs(
    outbox: Outbox, ledger: Ledger, finished: Callable[..., Job]
) -> None:
    job = finished(ACCOUNT)
    (delivery,) = taken(outbox)
    outbox.end(delivery, Told.GIVEN_UP, "away")
    assert told(ledger, job) is Told.PENDING


def test_the_end_of_a_delivery_does_not_bring_a_deleted_row_back(
    outbox: Outbox, ledger: Ledger, finished: Callable[..., Job], redis_client: redis.Redis
) -> None:
    job = finished(OWN)
    (delivery,) = taken(outbox)
    ledger.delete("t", job.id)
    assert outbox.end(delivery, Told.DELIVERED)
    assert not redis_client.exists(f"moviola:job:{job.id}")


def test_what_was_given_up_is_kept_for_a_week(
    outbox: Outbox, finished: Callable[..., Job], redis_client: redis.Redis
) -> None:
    finished(OWN)
    (delivery,) = taken(outbox)
    outbox.end(delivery, Told.GIVEN_UP, "it answered 500")
    key = f"moviola:delivery:{delivery.id}"
    assert redis_client.hget(key, "error") == b"it answered 500"
    assert 7 * 24 * 3600 - 60 < redis_client.ttl(key) <= 7 * 24 * 3600


def test_nothing_is_left_of_what_was_delivered(
    outbox: Outbox, ledger: Ledger, finished: Callable[..., Job], redis_client: redis.Redis
) -> None:
    keys = set(redis_client.keys())
    jobs = [finished(OWN, ACCOUNT) for _ in range(3)]
    for _ in range(3):
        for delivery in taken(outbox):
            outbox.end(delivery, Told.DELIVERED)
    for job in jobs:
        ledger.delete("t", job.id)
    left = {key for key in set(redis_client.keys()) - keys if not key.startswith(b"moviola:gone:")}
    assert left <= {b"moviola:outcomes", b"moviola:graves", b"moviola:seq"}


def test_a_failed_try_is_due_again_after_its_pause(
    outbox: Outbox, ledger: Ledger, finished: Callable[..., Job], redis_client: redis.Redis
) -> None:
    job = finished(OWN)
    (first,) = taken(outbox)
    assert outbox.retry(first, 3500, "it answered 500")
    assert outbox.take() is None
    assert told(ledger, job) is Told.PENDING
    pass_time(redis_client, 0.9)
    assert outbox.take() is None
    pass_time(redis_client, 0.1)
    (second,) = taken(outbox)
    assert (second.event, second.tries) == (first.event, 2)
    assert outbox.outcomes() == {"retry": 1}


def test_one_origin_is_called_one_at_a_time(outbox: Outbox, finished: Callable[..., Job]) -> None:
    jobs = [finished(OWN) for _ in range(3)]
    elsewhere = finished(Target(of="job", url="https://a.example:8443/"))
    first, second = taken(outbox)
    assert {first.job_id, second.job_id} == {jobs[0].id, elsewhere.id}
    mine = first if first.job_id == jobs[0].id else second
    outbox.end(mine, Told.DELIVERED)
    third = outbox.take()
    assert third is not None
    assert third.job_id == jobs[1].id
    assert outbox.take() is None


def test_tenants_do_not_wait_for_each_other(outbox: Outbox, finished: Callable[..., Job]) -> None:
    finished(OWN)
    finished(OWN)
    finished(OWN, tenant="u")
    assert len([*taken(outbox)]) == 2


def test_news_do_not_wait_for_what_failed_before(
    outbox: Outbox, finished: Callable[..., Job], redis_client: redis.Redis
) -> None:
    finished(OWN)
    (first,) = taken(outbox)
    outbox.retry(first, 3600, "away")
    news = finished(OWN)
    (second,) = taken(outbox)
    assert second.job_id == news.id
    outbox.end(second, Told.DELIVERED)
    assert outbox.take() is None
    pass_time(redis_client)
    (again,) = taken(outbox)
    assert again.id == first.id


def test_news_wait_while_their_origin_is_being_called(outbox: Outbox, finished: Callable[..., Job]) -> None:
    finished(OWN)
    (first,) = taken(outbox)
    finished(OWN)
    assert outbox.take() is None
    outbox.retry(first, 3600, "away")
    assert outbox.take() is not None


def test_a_late_end_does_not_free_an_origin_that_another_calls(
    redis_client: redis.Redis, finished: Callable[..., Job]
) -> None:
    outbox = Outbox(redis_client, lease_s=0.05)
    finished(OWN)
    (late,) = taken(outbox)
    finished(OWN)
    finished(OWN)
    time.sleep(0.06)
    patient = Outbox(redis_client)
    (other,) = taken(patient)
    assert other.id != late.id
    assert outbox.end(late, Told.DELIVERED)
    assert patient.take() is None
    patient.end(other, Told.DELIVERED)
    assert len([*taken(patient)]) == 1


def test_jobs_of_an_earlier_release_have_no_webhooks(
    outbox: Outbox, ledger: Ledger, make_job: MakeJob, result: Result, redis_client: redis.Redis
) -> None:
    lease = started(ledger, make_job())
    key = f"moviola:job:{lease.job.id}"
    order = json.loads(redis_client.hget(key, "order") or b"")
    del order["webhooks"]
    redis_client.hset(key, "order", json.dumps(order))
    ledger.complete(lease, result, 4e9)
    assert outbox.waiting() == 0


def test_secrets_are_not_shown() -> None:
    delivery = Delivery("a", 1, "evt", "video", OWN.url, OWN.secret, b"", 1)
    assert "whsec" not in repr(delivery)
    assert "whsec" not in repr(OWN)


def test_every_call_says_that_redis_is_away(own_port: int) -> None:
    outbox = Outbox(redis.Redis(port=own_port, retry=None))
    delivery = Delivery("a", 1, "evt", "video", OWN.url, None, b"", 1)
    for call in (
        lambda: outbox.take(),
        lambda: outbox.retry(delivery, 1, ""),
        lambda: outbox.end(delivery, Told.GONE),
        lambda: outbox.waiting(),
        lambda: outbox.outcomes(),
    ):
        with pytest.raises(LedgerUnavailable):
            call()
