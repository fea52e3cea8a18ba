"""Who is next: turns of tenants and classes, caps of running jobs, and what was said of it beforehand."""

import heapq
import random
from collections.abc import Callable

import pytest
import redis

from services.contract.errors import TooManyRequests
from services.contract.job import Failure, Job, Progress, Result, Stage
from services.contract.spec import ServiceClass
from services.jobs.ledger import Counts, Lease, Ledger
from services.jobs.rules import Rules

MakeJob = Callable[..., Job]
CAST = "moviegen-mini"
BATCH = ServiceClass.BATCH
# A film of ``frames`` takes as many seconds.
PACE = {Stage.ENCODE: 0.0, Stage.SAMPLE: 64.0, Stage.DECODE: 0.0, Stage.SOUND: 0.0, Stage.MUX: 0.0}
FAR = Progress(stage=Stage.SAMPLE, step=5, total_steps=10, percent=27)


@pytest.fixture
def order(ledger: Ledger, make_job: MakeJob) -> Callable[..., list[Job]]:
    """Queues so many jobs of a tenant."""

    def order(tenant: str, count: int = 1, ledger: Ledger = ledger, **changes: object) -> list[Job]:
        jobs = [make_job(tenant=tenant, **changes) for _ in range(count)]
        for job in jobs:
            ledger.create(job)
        return jobs

    return order


def take(ledger: Ledger) -> Lease:
    lease = ledger.take(CAST)
    assert lease is not None
    return lease


def taken(ledger: Ledger, count: int) -> str:
    """The tenants of the next jobs."""
    return "".join(take(ledger).job.tenant for _ in range(count))


def test_one_job_waits_for_one_turn_of_a_tenant_with_a_thousand(
    ledger: Ledger, order: Callable[..., list[Job]]
) -> None:
    order("a", 1000)
    assert taken(ledger, 5) == "aaaaa"
    (single,) = order("b")
    assert (ledger.position(single.id) or 0) <= 1
    assert "b" in taken(ledger, 2)


def test_alike_tenants_go_round_and_jobs_of_one_by_arrival(
    ledger: Ledger, order: Callable[..., list[Job]]
) -> None:
    jobs = {tenant: order(tenant, 3) for tenant in "zam"}
    leases = [take(ledger) for _ in range(9)]
    assert [lease.job.tenant for lease in leases] == list("zam" * 3)
    for tenant, own in jobs.items():
        assert [lease.job.id for lease in leases if lease.job.tenant == tenant] == [job.id for job in own]
    assert ledger.take(CAST) is None


def test_who_comes_back_has_saved_up_no_turns(ledger: Ledger, order: Callable[..., list[Job]]) -> None:
    order("a", 20)
    order("b", 2)
    assert sorted(taken(ledger, 4)) == list("aabb")
    assert taken(ledger, 4) == "aaaa"
    order("b", 4)
    assert taken(ledger, 8).count("b") == 4


def test_who_leaves_and_comes_at_once_has_not_escaped_its_last_turn(
    ledger: Ledger, order: Callable[..., list[Job]]
) -> None:
    order("a", 10)
    seen = ""
    for _ in range(10):
        if "b" in seen[-1:] or not seen:  # always one alone, so that b leaves with every turn
            order("b")
        seen += taken(ledger, 1)
    assert seen == "ab" * 5


def test_cancelled_jobs_cost_no_turns(ledger: Ledger, order: Callable[..., list[Job]]) -> None:
    order("a", 10)
    for job in order("b", 50):
        ledger.cancel("b", job.id)
    (late,) = order("b")
    assert (ledger.position(late.id) or 0) <= 1


@pytest.mark.parametrize(("weight", "share"), [(3, 30), (0.25, 8), (1, 20)])
def test_turns_follow_weights(
    redis_client: redis.Redis, order: Callable[..., list[Job]], weight: float, share: int
) -> None:
    ledger = Ledger(redis_client, rules=Rules(weights={"a": weight}))
    order("a", 40)
    order("b", 40)
    assert abs(taken(ledger, 40).count("a") - share) <= 1


def test_batch_has_a_tenth_of_the_turns_and_all_that_nobody_wants(
    ledger: Ledger, order: Callable[..., list[Job]]
) -> None:
    order("b", 20, service_class=BATCH)
    assert taken(ledger, 3) == "bbb"
    order("i", 100)
    seen = taken(ledger, 100)
    assert abs(seen.count("b") - 10) <= 1
    assert "bb" not in seen
    assert taken(ledger, 17).count("b") == 17 - (100 - seen.count("i"))


def test_a_worker_of_one_class_takes_no_other(ledger: Ledger, order: Callable[..., list[Job]]) -> None:
    order("a")
    assert ledger.take(CAST, (BATCH,)) is None
    assert ledger.take("moviegen-30b") is None
    assert ledger.take(CAST, (ServiceClass.INTERACTIVE,))


def test_what_was_begun_goes_first_and_costs_no_second_turn(
    ledger: Ledger, order: Callable[..., list[Job]], lose_worker: Callable[[str], None]
) -> None:
    (batch,) = order("b", service_class=BATCH)
    lease = take(ledger)
    order("a", 3)
    waiting = order("b", 3)
    lose_worker(batch.id)
    ledger.sweep(lambda _: None)
    assert ledger.position(batch.id) == 0
    assert ledger.position(waiting[0].id) == 2
    assert take(ledger).job.id == batch.id
    given = take(ledger)
    assert given.job.tenant == "a"
    ledger.give_back(given)
    assert take(ledger).job.id == given.job.id
    assert taken(ledger, 4) == "baba"
    assert lease.token == 1


def test_a_tenant_at_its_cap_is_passed_over(
    redis_client: redis.Redis, order: Callable[..., list[Job]], result: Result
) -> None:
    ledger = Ledger(redis_client, rules=Rules(max_running_per_tenant=2, max_running=3))
    order("a", 5)
    order("b", 5)
    first, second, third = (take(ledger) for _ in range(3))
    assert [lease.job.tenant for lease in (first, second, third)] == ["a", "b", "a"]
    assert ledger.take(CAST) is None
    ledger.complete(second, result, 2e9)
    assert taken(ledger, 1) == "b"
    ledger.fail(first, Failure(code="x", message=""))
    assert taken(ledger, 1) == "a"
    assert ledger.counts() == Counts(queued=5, running=3)
    ledger.cancel("a", third.job.id)
    assert taken(ledger, 1) == "b"


def test_a_tenant_alone_is_held_at_its_cap(
    redis_client: redis.Redis, order: Callable[..., list[Job]]
) -> None:
    ledger = Ledger(redis_client, rules=Rules(max_running_per_tenant=2))
    order("a", 3)
    order("a", 3, service_class=BATCH)
    assert taken(ledger, 2) == "aa"
    assert ledger.take(CAST) is None
    order("b")
    assert taken(ledger, 1) == "b"


def test_no_claim_by_id_and_no_return_breaks_a_cap(
    redis_client: redis.Redis, order: Callable[..., list[Job]], lose_worker: Callable[[str], None]
) -> None:
    ledger = Ledger(redis_client, rules=Rules(max_running_per_tenant=1))
    first, second = order("a", 2)
    take(ledger)
    assert ledger.claim(second.id) is None
    lose_worker(first.id)
    ledger.sweep(lambda _: None)
    assert ledger.claim(second.id)
    assert ledger.take(CAST) is None
    assert ledger.position(first.id) == 0


def test_caps_of_queued_jobs(redis_client: redis.Redis, make_job: MakeJob) -> None:
    ledger = Ledger(redis_client, rules=Rules(max_queued=5, max_queued_per_tenant=3))
    mine = [make_job(tenant="a") for _ in range(3)]
    for job in mine:
        ledger.create(job)
    for check in (lambda: ledger.create(make_job(tenant="a")), lambda: ledger.check_room("a", CAST)):
        with pytest.raises(TooManyRequests, match="3 queued") as refusal:
            check()
        assert refusal.value.retry_after_s == 15
    ledger.create(mine[0])  # the same again is no more
    ledger.create(make_job(tenant="b"))
    ledger.create(make_job(tenant="b"))
    for check in (lambda: ledger.create(make_job(tenant="c")), lambda: ledger.check_room("c", CAST)):
        with pytest.raises(TooManyRequests, match="full"):
            check()
    take(ledger)
    ledger.check_room("a", CAST)
    ledger.create(make_job(tenant="a"))
    assert ledger.counts() == Counts(queued=5, running=1)


def test_when_to_come_again_is_when_there_will_be_room(redis_client: redis.Redis, make_job: MakeJob) -> None:
    ledger = Ledger(
        redis_client, rules=Rules(max_queued=3, max_queued_per_tenant=2, max_running_per_tenant=1)
    )
    ledger.learn(make_job().spec, {**PACE, Stage.SAMPLE: 40.0})
    ledger.create(make_job(tenant="a"))
    lease = take(ledger)
    ledger.progress(lease, FAR)
    for tenant in "aab":
        ledger.create(make_job(tenant=tenant))
    for tenant, after_s in (("c", 20), ("a", 20)):
        with pytest.raises(TooManyRequests) as refusal:
            ledger.create(make_job(tenant=tenant))
        assert refusal.value.retry_after_s == after_s
    ledger.learn(make_job().spec, {**PACE, Stage.SAMPLE: 40_000.0})
    with pytest.raises(TooManyRequests) as refusal:
        ledger.create(make_job(tenant="a"))
    assert refusal.value.retry_after_s == 60


def test_no_trace_of_the_queue_outlives_it(
    redis_client: redis.Redis, order: Callable[..., list[Job]], result: Result
) -> None:
    ledger = Ledger(redis_client)
    for tenant in "abc":
        order(tenant, 3)
        order(tenant, 3, service_class=BATCH)
    for _ in range(10):
        ledger.complete(take(ledger), result, 2e9)
    for tenant in "abc":
        for job in ledger.page(tenant, after=None, limit=99, descending=False).jobs:
            ledger.delete(tenant, job.id)
    lasting = {key for key in redis_client.scan_iter() if redis_client.ttl(key) == -1}
    assert lasting == {b"moviola:seq", b"moviola:graves"}


class World:
    """Workers that take as long as a job has frames, in a time of its own."""

    def __init__(self, ledger: Ledger, workers: int, result: Result) -> None:
        self.ledger, self.workers, self.result = ledger, workers, result
        self.now_s = 0.0
        self.busy: list[tuple[float, float, str, Lease]] = []

    def fill(self) -> list[str]:
        """Idle workers take what they get."""
        got: list[str] = []
        while len(self.busy) < self.workers and (lease := self.ledger.take(CAST)):
            end = self.now_s + lease.job.spec.frames
            heapq.heappush(self.busy, (end, self.now_s, lease.job.id, lease))
            got.append(lease.job.id)
        return got

    def finish_one(self) -> str:
        self.now_s, _, job_id, lease = heapq.heappop(self.busy)
        self.ledger.complete(lease, self.result, 4e9)
        return job_id

    def tell_progress(self) -> None:
        for end, began, _, lease in self.busy:
            done = int(10_000 * (self.now_s - began) / (end - began))
            self.ledger.progress(
                lease, Progress(stage=Stage.SAMPLE, step=done, total_steps=10_000, percent=1)
            )


@pytest.mark.parametrize("seed", range(6))
def test_position_and_eta_are_what_then_happens(
    redis_client: redis.Redis, make_job: MakeJob, result: Result, seed: int
) -> None:
    chance = random.Random(seed)
    rules = Rules(weights={"a": 2.0, "b": 0.5}, batch_share=chance.choice([0.1, 0.3]))
    ledger = Ledger(redis_client, rules=rules)
    ledger.learn(make_job().spec, PACE)
    world = World(ledger, chance.randint(1, 4), result)
    jobs: list[Job] = []
    longest = 0
    for _ in range(60):
        base = make_job().spec
        spec = base.model_copy(update={"seconds": chance.choice([1, 2, 4, 8])})
        longest = max(longest, spec.frames)
        service_class = chance.choice([ServiceClass.INTERACTIVE, ServiceClass.INTERACTIVE, BATCH])
        job = make_job(tenant=chance.choice("aaaabcd"), spec=spec, service_class=service_class)
        ledger.create(job)
        jobs.append(job)
        if chance.random() < 0.3:  # tags are not all at their beginning
            world.fill()
            if chance.random() < 0.5 and world.busy:
                world.finish_one()
    for job in chance.sample(jobs, 8):
        if ledger.position(job.id) is not None:
            ledger.cancel(job.tenant, job.id)
    world.fill()
    world.tell_progress()
    came_back = ledger.claim(next(job.id for job in jobs if ledger.position(job.id) is not None))
    assert came_back
    ledger.give_back(came_back)

    said = {job.id: ledger.position(job.id) for job in jobs}
    queue = sorted((place, job_id) for job_id, place in said.items() if place is not None)
    assert [place for place, _ in queue] == list(range(len(queue)))
    rows = {job.id: ledger.find(job.id) for job in jobs}
    etas = {job_id: world.now_s + (ledger.eta_s(row) or 0) for job_id, row in rows.items() if row}

    order: list[str] = []
    ends: dict[str, float] = {}
    while world.busy:
        done = world.finish_one()
        ends[done] = world.now_s
        order += world.fill()
    assert order == [job_id for _, job_id in queue]
    errors = [abs(etas[job_id] - end) for job_id, end in ends.items()]
    # Work is counted as if it could be split among workers: that is wrong by less than one film.
    assert max(errors) < longest
    assert sum(errors) / len(errors) <= longest / 3
    if world.workers == 1:
        assert max(errors) < 0.1


def test_the_estimate_knows_its_own_tenants_cap(
    redis_client: redis.Redis, order: Callable[..., list[Job]], make_job: MakeJob, result: Result
) -> None:
    ledger = Ledger(redis_client, rules=Rules(max_running_per_tenant=1))
    ledger.learn(make_job().spec, PACE)
    world = World(ledger, 3, result)
    jobs = order("a", 4)
    order("b")
    order("c")
    world.fill()
    row = ledger.find(jobs[3].id)
    assert row is not None
    assert ledger.eta_s(row) == pytest.approx(4 * 64)
