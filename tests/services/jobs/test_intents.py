"""One job per intent: keys, and the retries of clients that send none."""

import itertools
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

from services.contract.errors import Conflict, InFlight, NotFound, Unprocessable
from services.contract.job import Job
from services.jobs import intents
from services.jobs.intents import Intent
from services.jobs.ledger import Counts, Ledger
from services.jobs.rules import Rules

MakeJob = Callable[..., Job]
KEYED = Intent(tenant="t", payload="aa", key="k")


def nth(retry: int, payload: str = "aa", **changes: Any) -> Intent:
    return Intent(tenant="t", payload=payload, retry=retry, client="sdk", **changes)


@pytest.fixture
def ask(ledger: Ledger, make_job: MakeJob) -> Callable[[Intent], Job]:
    """A whole request: gives its job."""
    numbers = itertools.count(1)

    def ask(intent: Intent) -> Job:
        job_id, made = ledger.begin(intent, f"video_own{next(numbers)}")
        return made or ledger.create(make_job(id=job_id, tenant=intent.tenant), intent)

    return ask


def test_a_key_makes_one_job(ledger: Ledger, ask: Callable[[Intent], Job]) -> None:
    first = ask(KEYED)
    claimed = ledger.claim(first.id)
    assert claimed
    assert ask(KEYED) == claimed.job  # as it stands now
    assert ledger.counts() == Counts(queued=0, running=1)
    assert ask(Intent(tenant="t", payload="aa", key="other")).id != first.id
    assert ask(Intent(tenant="t2", payload="aa", key="k")).id != first.id


def test_a_key_is_for_one_payload(ledger: Ledger, ask: Callable[[Intent], Job]) -> None:
    ask(KEYED)
    with pytest.raises(Unprocessable) as refusal:
        ledger.begin(Intent(tenant="t", payload="bb", key="k"), "video_b")
    assert (refusal.value.code, refusal.value.param) == ("idempotency_key_reused", "idempotency-key")


def test_a_key_is_busy_until_its_request_is_handled(
    ledger: Ledger, make_job: MakeJob, redis_client: redis.Redis
) -> None:
    assert ledger.begin(KEYED, "video_a") == ("video_a", None)
    assert ledger.begin(KEYED, "video_a") == ("video_a", None)  # the same call again, its reply lost
    with pytest.raises(InFlight) as refusal:
        ledger.begin(KEYED, "video_b")
    assert refusal.value.retry_after_s == 1
    with pytest.raises(Unprocessable):
        ledger.begin(Intent(tenant="t", payload="bb", key="k"), "video_b")
    (record,) = redis_client.scan_iter("moviola:key:*")
    assert 0 < redis_client.pttl(record) <= 5_000
    ledger.release(KEYED, "video_b", comes_again=False)  # not its own
    with pytest.raises(InFlight):
        ledger.begin(KEYED, "video_b")
    ledger.release(KEYED, "video_a", comes_again=False)
    assert ledger.begin(KEYED, "video_c") == ("video_c", None)
    ledger.create(make_job(id="video_c"), KEYED)
    ledger.release(KEYED, "video_c", comes_again=True)  # the reply of create was lost: nothing is forgotten
    assert ledger.begin(KEYED, "video_d")[0] == "video_c"


def test_a_key_stays_busy_while_its_request_takes_its_time(
    ledger: Ledger, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intents, "BUSY_S", 0.4)
    assert ledger.begin(KEYED, "video_a") == ("video_a", None)
    with ledger.holding(KEYED, "video_a"):
        time.sleep(1)
        with pytest.raises(InFlight):
            ledger.begin(KEYED, "video_b")
    time.sleep(0.5)
    assert ledger.begin(KEYED, "video_b") == ("video_b", None)
    with ledger.holding(KEYED, "video_a"):  # it has lost the key
        time.sleep(0.5)
    assert ledger.begin(KEYED, "video_c") == ("video_c", None)


def test_a_body_that_fails_ends_the_hold_and_keyless_ones_have_none(ledger: Ledger) -> None:
    before = threading.active_count()

    def break_off(intent: Intent) -> None:
        with ledger.holding(intent, "video_a"):
            assert threading.active_count() == before + (intent is KEYED)
            raise ValueError("broken")

    for intent in (KEYED, nth(1)):
        with pytest.raises(ValueError, match="broken"):
            break_off(intent)
    assert threading.active_count() == before


def test_a_claim_from_before_the_clock_was_set_back_is_void(
    ledger: Ledger, redis_client: redis.Redis
) -> None:
    ledger.begin(KEYED, "video_a")
    (record,) = redis_client.scan_iter("moviola:key:*")
    redis_client.pexpire(record, 3_600_000)
    assert ledger.begin(KEYED, "video_b") == ("video_b", None)
    with pytest.raises(InFlight):
        ledger.begin(KEYED, "video_c")


def test_of_two_that_were_let_in_one_makes_the_job(
    ledger: Ledger, make_job: MakeJob, redis_client: redis.Redis
) -> None:
    ledger.begin(KEYED, "video_slow")
    (record,) = redis_client.scan_iter("moviola:key:*")
    redis_client.delete(record)  # its time ran out
    ledger.begin(KEYED, "video_quick")
    quick = ledger.create(make_job(id="video_quick"), KEYED)
    assert ledger.create(make_job(id="video_slow"), KEYED) == quick
    with pytest.raises(Unprocessable):
        ledger.create(make_job(id="video_else"), Intent(tenant="t", payload="bb", key="k"))
    assert ledger.counts().queued == 1


def test_a_key_is_kept_for_a_day_and_longer_than_its_job(
    ledger: Ledger, ask: Callable[[Intent], Job], redis_client: redis.Redis
) -> None:
    job = ask(KEYED)
    (record,) = redis_client.scan_iter("moviola:key:*")
    assert 86_390_000 < redis_client.pttl(record) <= 86_400_000
    ledger.delete("t", job.id)
    with pytest.raises(NotFound) as refusal:
        ask(KEYED)
    assert refusal.value.code == "video_deleted"
    short = Ledger(redis_client, rules=Rules(idempotency_ttl_s=60))
    other = Intent(tenant="t", payload="aa", key="short")
    job_id, _ = short.begin(other, "video_x")
    short.create(job.model_copy(update={"id": job_id}), other)
    assert min(redis_client.pttl(key) for key in redis_client.scan_iter("moviola:key:*")) <= 60_000


def test_of_many_requests_with_a_key_at_once_one_makes_the_job(
    ledger: Ledger, ask: Callable[[Intent], Job]
) -> None:
    start = threading.Barrier(8)

    def race(_: int) -> str | None:
        start.wait()
        try:
            return ask(KEYED).id
        except InFlight:
            return None

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(race, range(8))) - {None}) == 1
    assert ledger.counts().queued == 1


def test_first_attempts_always_make_new_jobs(ask: Callable[[Intent], Job]) -> None:
    assert len({ask(nth(0)).id for _ in range(3)}) == 3
    plain = Intent(tenant="t", payload="aa")
    assert len({ask(plain).id for _ in range(3)}) == 3


def test_a_retry_of_a_lost_answer_is_given_the_job(ledger: Ledger, ask: Callable[[Intent], Job]) -> None:
    job = ask(nth(0))
    assert ask(nth(1)).id == job.id
    assert ask(nth(2)).id == job.id
    assert ledger.counts().queued == 1


@pytest.mark.parametrize(
    "other",
    [
        nth(1, payload="bb"),
        Intent(tenant="t2", payload="aa", retry=1, client="sdk"),
        Intent(tenant="t", payload="aa", retry=1, client="another"),
        Intent(tenant="t", payload="aa"),
        nth(1, key="k"),
    ],
)
def test_a_retry_of_something_else_is_not(ask: Callable[[Intent], Job], other: Intent) -> None:
    assert ask(nth(0)).id != ask(other).id


def test_retries_of_twins_find_one_job_each(ledger: Ledger, ask: Callable[[Intent], Job]) -> None:
    twins = {ask(nth(0)).id for _ in range(3)}
    assert {ask(nth(1)).id for _ in range(3)} == twins
    assert {ask(nth(2)).id for _ in range(3)} == twins
    assert ledger.counts().queued == 3


def test_a_retry_while_the_first_is_under_way_makes_the_same_job(ledger: Ledger, make_job: MakeJob) -> None:
    first, _ = ledger.begin(nth(0), "video_first")
    retry, made = ledger.begin(nth(1), "video_retry")
    assert (first, retry, made) == ("video_first", "video_first", None)
    job = ledger.create(make_job(id="video_first", created_at=1.0), nth(1))
    assert ledger.create(make_job(id="video_first", created_at=2.0), nth(0)) == job
    assert ledger.begin(nth(2), "video_third") == ("video_first", job)


def test_who_was_refused_gets_a_job_of_its_own_beside_a_twin(
    ledger: Ledger, ask: Callable[[Intent], Job]
) -> None:
    ledger.begin(nth(0), "video_refused")
    ledger.release(nth(0), "video_refused", comes_again=True)  # 429 or 503: the client tries again
    twin = ask(nth(0))
    assert ask(nth(1)).id == "video_refused" != twin.id
    ledger.begin(nth(0), "video_wrong")
    ledger.release(nth(0), "video_wrong", comes_again=False)
    assert ask(nth(1)).id == twin.id


def test_a_retry_does_not_revive_a_deleted_job(ledger: Ledger, ask: Callable[[Intent], Job]) -> None:
    job = ask(nth(0))
    ledger.delete("t", job.id)
    assert ask(nth(1)).id != job.id


def test_a_retry_step_may_be_sent_twice(
    ledger: Ledger, ask: Callable[[Intent], Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ledger._scripts.run
    monkeypatch.setattr(ledger._scripts, "run", lambda *args: (run(*args), run(*args))[1])
    twins = {ask(nth(0)).id for _ in range(2)}
    assert {ask(nth(1)).id for _ in range(2)} == twins


def test_all_records_go_by_themselves(ask: Callable[[Intent], Job], redis_client: redis.Redis) -> None:
    for intent in (KEYED, nth(0), nth(1), nth(2)):
        ask(intent)
    kinds = ("key", "open", "made", "given")
    records = [key for kind in kinds for key in redis_client.scan_iter(f"moviola:{kind}:*")]
    assert len(records) >= 3
    assert all(redis_client.ttl(key) > 0 for key in records)
    assert intents.RETRY_WINDOW_S > 600


@pytest.mark.parametrize("seed", range(30))
def test_n_like_orders_cut_off_anywhere_make_n_jobs(ledger: Ledger, make_job: MakeJob, seed: int) -> None:
    """Some clients at once send the same order up to three times. A request is cut off before the row, or
    after it without its answer, or is refused, or answered; the third is answered."""
    chance, numbers = random.Random(seed), itertools.count(1)
    fates = ["before", "after", "refused"] + ["answered"] * (seed % 2)
    clients = chance.randint(1, 5)
    tries = dict.fromkeys(range(clients), 0)
    got: list[str] = []
    while tries:
        client = chance.choice(list(tries))
        intent, own_id = nth(tries[client]), f"video_own{next(numbers)}"
        fate = chance.choice(fates) if tries[client] < 2 else "answered"
        tries[client] += 1
        job_id, made = ledger.begin(intent, own_id)
        if fate == "refused" and made is None:
            ledger.release(intent, own_id, comes_again=True)
        elif fate != "before":
            job = made or ledger.create(make_job(id=job_id), intent)
            if fate == "answered":
                got.append(job.id)
                del tries[client]
    assert ledger.counts().queued == clients
    # Nobody can tell a twin that was answered from one that was not.
    assert seed % 2 or len(set(got)) == clients


def test_another_job_of_a_known_id_is_a_conflict(ledger: Ledger, make_job: MakeJob) -> None:
    ledger.create(make_job(id="video_a"))
    with pytest.raises(Conflict):
        ledger.create(make_job(id="video_a", tenant="t2"), nth(0))
