import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from openai import OpenAI
from structlog.testing import capture_logs

from services.contract.errors import ConfigurationError, LedgerUnavailable
from services.contract.job import Failure, Job, Status, Target, Told
from services.jobs.ledger import Ledger
from services.jobs.outbox import Delivery, Outbox
from services.webhooks.policy import LOOPBACK, Policy
from services.webhooks.schedule import MAX_TRIES
from services.webhooks.sender import Sender, trust
from tests.receiver import Receiver, receiving
from tests.workers.conftest import spec
from workers.webhooks import Courier, courier

ACCOUNT = "whsec_" + base64.b64encode(b"a" * 32).decode()
OLD = "whsec_" + base64.b64encode(b"b" * 32).decode()
OWN = "whsec_" + base64.b64encode(b"c" * 32).decode()
WHY = Failure(code="generation_failed", message="the latents are NaN")

Fail = Callable[..., Job]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def outbox(redis_client: redis.Redis) -> Outbox:
    return Outbox(redis_client)


@pytest.fixture(scope="module")
def sender() -> Sender:
    return Sender(Policy(networks=LOOPBACK), trust(), timeout_s=0.5)


@pytest.fixture
def one(outbox: Outbox, sender: Sender) -> Iterator[Courier]:
    """A courier that is not started."""
    one = Courier(outbox, sender, [ACCOUNT, OLD])
    yield one
    one.stop()


@pytest.fixture
def fail(ledger: Ledger) -> Fail:
    """A failed job whose end is told to these webhooks."""
    ever = 0

    def fail(*webhooks: Target) -> Job:
        nonlocal ever
        ever += 1
        job = Job(
            id=f"video_{ever}",
            tenant="t",
            spec=spec(),
            status=Status.QUEUED,
            created_at=1.0,
            webhooks=webhooks,
        )
        ledger.create(job)
        lease = ledger.claim(job.id)
        assert lease is not None
        ledger.fail(lease, WHY)
        return job

    return fail


def own(url: str, secret: str | None = OWN) -> Target:
    return Target(of="job", url=url, secret=secret)


def deliver(courier: Courier, outbox: Outbox) -> Delivery:
    delivery = outbox.take()
    assert delivery is not None
    courier.deliver(delivery)
    return delivery


def told(ledger: Ledger, job: Job) -> Told:
    found = ledger.find(job.id)
    assert found is not None
    return found.told


def until(true: Callable[[], Any], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("sent", "verifying"), [(OWN, [OWN]), (None, [ACCOUNT, OLD])], ids=["own secret", "account's secrets"]
)
def test_the_sdk_unwraps_what_comes(
    one: Courier, outbox: Outbox, receiver: Receiver, fail: Fail, sent: str | None, verifying: list[str]
) -> None:
    job = fail(own(receiver.url, sent))
    delivery = deliver(one, outbox)
    request = receiver.wait()
    for secret in verifying:
        with OpenAI(api_key="x", webhook_secret=secret) as client:
            event: Any = client.webhooks.unwrap(request.body, request.headers)
        assert (event.object, event.type, event.id) == ("event", "video.failed", delivery.event)
        assert event.data.id == job.id
        assert event.data.error == {"code": WHY.code, "message": WHY.message}
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 5


@pytest.mark.parametrize("status", [200, 202, 204])
def test_a_receiver_that_takes_it_ends_it(
    one: Courier, outbox: Outbox, receiver: Receiver, fail: Fail, ledger: Ledger, status: int
) -> None:
    receiver.answer = lambda number: status
    job = fail(own(receiver.url))
    deliver(one, outbox)
    assert told(ledger, job) is Told.DELIVERED
    assert outbox.waiting() == 0


def test_a_receiver_that_is_gone_ends_it(
    one: Courier, outbox: Outbox, receiver: Receiver, fail: Fail, ledger: Ledger
) -> None:
    receiver.answer = lambda number: 410
    job = fail(own(receiver.url))
    deliver(one, outbox)
    assert told(ledger, job) is Told.GONE
    assert outbox.waiting() == 0


@pytest.mark.parametrize("status", [302, 400, 404, 429, 500, 503])
def test_any_other_answer_is_tried_again_with_the_same_event(
    one: Courier,
    outbox: Outbox,
    receiver: Receiver,
    fail: Fail,
    ledger: Ledger,
    redis_client: redis.Redis,
    status: int,
) -> None:
    receiver.answer = lambda number: status if number == 1 else 204
    job = fail(own(receiver.url))
    delivery = deliver(one, outbox)
    key = f"moviola:lane:t http://127.0.0.1:{receiver.port}"
    (pair,) = redis_client.zrange(key, 0, -1, withscores=True)
    assert 3.5 < pair[1] / 1000 - time.time() < 6.5
    assert redis_client.hget(f"moviola:delivery:{delivery.id}", "error") == f"it answered {status}".encode()
    due_now(redis_client)
    deliver(one, outbox)
    first, second = receiver.received
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert told(ledger, job) is Told.DELIVERED


def due_now(client: redis.Redis) -> None:
    for key in (b"moviola:outbox", *client.scan_iter("moviola:lane:*")):
        for member in client.zrange(key, 0, -1):
            client.zadd(key, {member: 0})


def test_the_last_try_gives_up(
    one: Courier, outbox: Outbox, receiver: Receiver, fail: Fail, ledger: Ledger, redis_client: redis.Redis
) -> None:
    receiver.answer = lambda number: 500
    job = fail(own(receiver.url))
    with capture_logs() as logs:
        for _ in range(MAX_TRIES):
            assert told(ledger, job) is Told.PENDING
            due_now(redis_client)
            deliver(one, outbox)
    assert told(ledger, job) is Told.GIVEN_UP
    assert len({request.headers["webhook-id"] for request in receiver.received}) == 1
    assert len(receiver.received) == MAX_TRIES
    assert outbox.outcomes() == {"retry": MAX_TRIES - 1, "given_up": 1}
    assert outbox.waiting() == 0
    assert [line["event"] for line in logs] == ["webhook_failed"] * (MAX_TRIES - 1) + ["webhook_given_up"]
    assert str(receiver.port) not in str(logs), "the URL may hold a password"


def test_tries_that_kill_the_worker_come_to_an_end(
    one: Courier, outbox: Outbox, receiver: Receiver, fail: Fail, ledger: Ledger, redis_client: redis.Redis
) -> None:
    job = fail(own(receiver.url))
    for _ in range(MAX_TRIES):
        assert outbox.take() is not None
        due_now(redis_client)
    deliver(one, outbox)
    assert told(ledger, job) is Told.GIVEN_UP
    assert receiver.received == []


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/", "http://169.254.169.254/latest/", "ftp://127.0.0.1/", "http://127.0.0.1:1/"]
)
def test_what_is_refused_or_does_not_answer_is_a_failed_try(
    one: Courier, outbox: Outbox, fail: Fail, url: str
) -> None:
    fail(own(url))
    deliver(one, outbox)
    assert outbox.outcomes() == {"retry": 1}


def test_without_a_secret_nothing_is_sent(
    outbox: Outbox, sender: Sender, receiver: Receiver, fail: Fail
) -> None:
    fail(Target(of="account", url=receiver.url))
    deliver(Courier(outbox, sender, []), outbox)
    assert outbox.outcomes() == {"retry": 1}
    assert receiver.received == []


def test_a_crash_between_answer_and_note_brings_the_same_event_again(
    redis_client: redis.Redis, sender: Sender, receiver: Receiver, fail: Fail, ledger: Ledger
) -> None:
    outbox = Outbox(redis_client, lease_s=0.3)

    class Crash(BaseException):
        pass

    class Dying(Outbox):
        def end(self, delivery: Delivery, told: Told, error: str = "") -> bool:
            raise Crash

    job = fail(own(receiver.url))
    with pytest.raises(Crash):
        deliver(Courier(Dying(redis_client, lease_s=0.3), sender, []), outbox)
    assert told(ledger, job) is Told.PENDING
    survivor = Courier(outbox, sender, [])
    survivor.start()
    try:
        until(lambda: told(ledger, job) is Told.DELIVERED)
    finally:
        survivor.stop()
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


def test_started_it_delivers_all_and_ends(
    one: Courier, outbox: Outbox, receiver: Receiver, fail: Fail
) -> None:
    one.start()
    jobs = [fail(own(receiver.url), Target(of="account", url=f"{receiver.url}&c=d")) for _ in range(10)]
    until(lambda: outbox.waiting() == 0)
    one.stop()
    told_of = [json.loads(request.body)["data"]["id"] for request in receiver.received]
    assert sorted(told_of) == sorted(2 * [job.id for job in jobs])
    fail(own(receiver.url))
    time.sleep(0.1)
    assert outbox.waiting() == 1


def test_several_couriers_send_each_event_once(
    outbox: Outbox, sender: Sender, receiver: Receiver, fail: Fail
) -> None:
    for _ in range(30):
        fail(own(receiver.url))
    couriers = [Courier(outbox, sender, []) for _ in range(3)]
    for each in couriers:
        each.start()
    until(lambda: outbox.waiting() == 0)
    for each in couriers:
        each.stop()
    ids = [request.headers["webhook-id"] for request in receiver.received]
    assert len(ids) == len(set(ids)) == 30


def test_a_receiver_that_hangs_does_not_hold_up_others(
    outbox: Outbox, receiver: Receiver, fail: Fail
) -> None:
    with receiving() as hanging:
        released = threading.Event()
        hanging.answer = lambda number: 204 if released.wait(10) else 500
        for _ in range(20):
            fail(own(hanging.url))
        fail(own(receiver.url))
        one = Courier(outbox, Sender(Policy(networks=LOOPBACK), trust(), timeout_s=5), [])
        one.start()
        try:
            receiver.wait(4)
            until(lambda: hanging.received)
            time.sleep(0.1)
            assert len(hanging.received) == 1
        finally:
            released.set()
            one.stop()


def test_a_redis_that_is_away_for_a_moment_is_waited_for(
    one: Courier, outbox: Outbox, receiver: Receiver, fail: Fail, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, left = outbox.take, [1]

    def away_once() -> Delivery | None:
        if left:
            left.pop()
            raise LedgerUnavailable("away")
        return take()

    monkeypatch.setattr(outbox, "take", away_once)
    fail(own(receiver.url))
    one.start()
    receiver.wait()
    assert not left


def test_an_end_that_cannot_be_written_is_left_to_the_lease(
    outbox: Outbox, sender: Sender, receiver: Receiver, fail: Fail, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> bool:
        raise LedgerUnavailable("away")

    monkeypatch.setattr(outbox, "end", away)
    fail(own(receiver.url))
    one = Courier(outbox, sender, [])
    one.start()
    receiver.wait()
    one.stop()
    assert outbox.waiting() == 1


def test_the_environment_says_who_is_told(redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    courier(redis_client)
    monkeypatch.setenv("MOVIOLA_WEBHOOK_SECRET", "mine")
    with pytest.raises(ConfigurationError, match="MOVIOLA_WEBHOOK_SECRET"):
        courier(redis_client)
