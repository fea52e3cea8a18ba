"""Random histories of the ledger against a plain model of it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.contract.errors import (
    Conflict,
    JobCancelled,
    LeaseLost,
    NotFound,
    TooManyRequests,
    Unprocessable,
)
from services.contract.job import Failure, Job, Progress, Result, Stage, Status
from services.contract.spec import ServiceClass
from services.jobs.intents import Intent
from services.jobs.ledger import ALL_CLASSES, Counts, Lease, Ledger, Swept
from services.jobs.rules import Rules

CAST = "moviegen-mini"
RULES = Rules(
    weights={"b": 2.0},
    batch_share=0.25,
    max_queued=7,
    max_queued_per_tenant=4,
    max_running=3,
    max_running_per_tenant=2,
    max_attempts=2,
    max_retries=2,
    max_total_attempts=4,
)
OOPS = Failure(code="unavailable", message="away")
pick = st.integers(0, 10**6)
tenants = st.sampled_from("abc")
classes = st.sampled_from(ALL_CLASSES)


@dataclass
class Known:
    """What must be true of a job that was accepted and has a row."""

    tenant: str
    service_class: ServiceClass
    intent: Intent | None
    status: Status = Status.QUEUED
    paused: bool = False
    attempts: int = 0
    token: int = 0
    reach: int = 0
    began_at: int = 0
    in_vain: Counter[str] = field(default_factory=Counter)
    code: str | None = None
    expired: bool = False
    leases: list[Lease] = field(default_factory=list)

    def ends_in_vain(self, name: str, most: int) -> bool:
        """One more attempt is over. Whether it was the last."""
        if self.reach > self.began_at:
            self.in_vain.clear()
        else:
            self.in_vain[name] += 1
        return self.in_vain[name] >= most or self.attempts >= RULES.max_total_attempts


class Histories(RuleBasedStateMachine):
    """``known`` is the model, by id in order of arrival."""

    def __init__(self, client: redis.Redis, make_job: Callable[..., Job], result: Result) -> None:
        super().__init__()
        client.flushall()
        self.client, self.make_job, self.result = client, make_job, result
        self.ledger = Ledger(client, rules=RULES)
        self.known: dict[str, Known] = {}
        self.keys: dict[tuple[str, str], tuple[str, str]] = {}
        self.dead: list[Lease] = []
        self.ever = self.accepted = self.gone = 0

    def one(self, number: int) -> str:
        return list(self.known)[number % len(self.known)]

    def those(self, status: Status, tenant: str | None = None) -> list[str]:
        return [
            job_id
            for job_id, job in self.known.items()
            if job.status is status and tenant in (None, job.tenant)
        ]

    def has_room(self, tenant: str) -> bool:
        running = self.those(Status.IN_PROGRESS)
        mine = self.those(Status.IN_PROGRESS, tenant)
        return len(running) < RULES.max_running and len(mine) < RULES.max_running_per_tenant

    # What clients do

    @rule(tenant=tenants, service_class=classes, key=st.sampled_from([None, None, "k1", "k2"]), payload=pick)
    def create(self, tenant: str, service_class: ServiceClass, key: str | None, payload: int) -> None:
        self.ever += 1
        intent = (
            Intent(tenant, f"p{payload % 2}", key=key) if key else Intent(tenant, f"{self.ever}", retry=0)
        )
        own_id = f"video_{self.ever}"
        before = self.keys.get((tenant, key)) if key else None
        if before is not None and before[0] != intent.payload:
            with pytest.raises(Unprocessable):
                self.ledger.begin(intent, own_id)
        elif before is not None and before[1] not in self.known:
            with pytest.raises(NotFound):
                self.ledger.begin(intent, own_id)
        else:
            job_id, made = self.ledger.begin(intent, own_id)
            assert job_id == (before[1] if before else own_id)
            assert (made is not None) == (before is not None)
            if before is None:
                self.accept(self.make_job(id=own_id, tenant=tenant, service_class=service_class), intent)

    @rule(tenant=tenants, service_class=classes, count=st.integers(2, 4))
    def create_some(self, tenant: str, service_class: ServiceClass, count: int) -> None:
        for _ in range(count):
            self.create(tenant, service_class, None, 0)

    def accept(self, job: Job, intent: Intent) -> None:
        queued, mine = self.those(Status.QUEUED), self.those(Status.QUEUED, job.tenant)
        if len(queued) >= RULES.max_queued or len(mine) >= RULES.max_queued_per_tenant:
            with pytest.raises(TooManyRequests):
                self.ledger.create(job, intent)
            self.ledger.release(intent, job.id, comes_again=False)
            return
        assert self.ledger.create(job, intent) == job
        self.known[job.id] = Known(job.tenant, job.service_class, intent)
        self.accepted += 1
        if intent.key:
            self.keys[job.tenant, intent.key] = (intent.payload, job.id)

    @precondition(lambda self: self.known)
    @rule(number=pick, retry=st.integers(1, 2))
    def the_answer_was_lost(self, number: int, retry: int) -> None:
        job_id = self.one(number)
        intent = self.known[job_id].intent
        assert intent is not None
        if intent.retry is None:
            return
        self.ever += 1
        again = Intent(intent.tenant, intent.payload, retry=intent.retry + retry)
        assert self.ledger.begin(again, f"video_{self.ever}")[0] == job_id
        self.known[job_id].intent = again

    @precondition(lambda self: self.known)
    @rule(number=pick)
    def cancel(self, number: int) -> None:
        job_id = self.one(number)
        job = self.known[job_id]
        if job.status.is_final:
            with pytest.raises(Conflict):
                self.ledger.cancel(job.tenant, job_id)
        else:
            self.ledger.cancel(job.tenant, job_id)
            job.status, job.code, job.paused = Status.FAILED, "cancelled", False

    @precondition(lambda self: self.known)
    @rule(number=pick)
    def delete(self, number: int) -> None:
        job_id = self.one(number)
        assert self.ledger.delete(self.known[job_id].tenant, job_id) is not None
        self.bury(job_id)

    def bury(self, job_id: str) -> None:
        self.dead += self.known.pop(job_id).leases
        self.gone += 1

    # What workers do

    def begun(self, lease: Lease) -> None:
        job = self.known[lease.job.id]
        assert job.status is Status.QUEUED
        assert not job.paused
        assert self.has_room(job.tenant)
        job.status, job.attempts, job.token = Status.IN_PROGRESS, job.attempts + 1, job.token + 1
        job.began_at = job.reach
        assert (lease.token, lease.job.attempt) == (job.token, job.attempts)
        job.leases.append(lease)

    @rule(
        only=st.sampled_from([ALL_CLASSES, ALL_CLASSES, (ServiceClass.BATCH,), (ServiceClass.INTERACTIVE,)])
    )
    def take(self, only: tuple[ServiceClass, ...]) -> None:
        free = [job_id for job_id in self.those(Status.QUEUED) if not self.known[job_id].paused]
        fit = [
            job_id
            for job_id in free
            if self.known[job_id].service_class in only and self.has_room(self.known[job_id].tenant)
        ]
        places = {job_id: self.ledger.position(job_id) for job_id in free}
        lease = self.ledger.take(CAST, only)
        assert (lease is not None) == bool(fit)
        if lease is not None:
            if only == ALL_CLASSES and len(fit) == len(free):
                assert places[lease.job.id] == 0
            self.begun(lease)

    @rule()
    def take_all(self) -> None:
        for _ in range(RULES.max_running):
            self.take(ALL_CLASSES)

    @precondition(lambda self: self.known)
    @rule(number=pick)
    def claim(self, number: int) -> None:
        job_id = self.one(number)
        job = self.known[job_id]
        lease = self.ledger.claim(job_id)
        is_free = job.status is Status.QUEUED and not job.paused and self.has_room(job.tenant)
        assert (lease is not None) == is_free
        if lease is not None:
            self.begun(lease)

    @precondition(lambda self: self.those(Status.IN_PROGRESS))
    @rule(number=pick)
    def worker_lost(self, number: int) -> None:
        running = self.those(Status.IN_PROGRESS)
        job_id = running[number % len(running)]
        job = self.known[job_id]
        assert self.client.zadd("moviola:running", {job_id: 0}, xx=True, ch=True)
        is_last = job.ends_in_vain("losses", RULES.max_attempts)
        job.status, job.code = (Status.FAILED, "worker_lost") if is_last else (Status.QUEUED, None)
        swept = self.sweep()
        assert (swept.lost if is_last else swept.returned) == (job_id,)

    @rule()
    def expiry(self) -> None:
        self.sweep()

    def sweep(self) -> Swept:
        swept = self.ledger.sweep(lambda _: None)
        expired = {job_id for job_id, job in self.known.items() if job.expired}
        assert expired <= set(swept.expired)
        for job_id in expired:
            self.bury(job_id)
        for job_id in swept.expired:
            self.ledger.collected(job_id)
        return swept

    @rule()
    def pauses_end(self) -> None:
        paused = [job_id for job_id, job in self.known.items() if job.paused]
        assert set(self.members("paused")) == {job_id.encode() for job_id in paused}
        for job_id in paused:
            self.client.zadd("moviola:paused", {job_id: 0})
            self.known[job_id].paused = False
        self.sweep()

    @rule(ms=st.sampled_from((3_600_000, -3_600_000)))
    def clock_set(self, ms: int) -> None:
        """Nobody loses a job for it, and no pause is longer for it."""
        seconds, _ = self.client.time()
        now = seconds * 1000
        running = self.those(Status.IN_PROGRESS)
        for job_id in running:
            self.client.hdel(f"moviola:job:{job_id}", "spared")
            self.client.zadd("moviola:running", {job_id: now - ms})
        self.client.set("moviola:swept", now - ms)
        for job in self.known.values():
            job.paused = job.paused and ms > 0
        swept = self.sweep()
        assert set(swept.spared) == set(running)
        assert (swept.returned, swept.lost) == ((), ())
        scores = [self.client.zscore("moviola:running", job_id) for job_id in running]
        assert all(score is not None and now < score < now + 12_000 for score in scores)

    def settle(self, number: int, act: Callable[[Lease], None], then: Callable[[Known], None]) -> None:
        """Any lease ever given tries to act; only the current one may."""
        job_id = self.one(number)
        job = self.known[job_id]
        for lease in job.leases:
            if lease.token == job.token and job.code == "cancelled":
                with pytest.raises(JobCancelled):
                    act(lease)
            elif lease.token != job.token or job.status is not Status.IN_PROGRESS:
                with pytest.raises(LeaseLost):
                    act(lease)
        if job.status is Status.IN_PROGRESS:
            act(job.leases[-1])
            then(job)

    @precondition(lambda self: self.known)
    @rule(number=pick, step=st.integers(0, 5))
    def progress(self, number: int, step: int) -> None:
        def then(job: Known) -> None:
            job.reach = max(job.reach, step)

        news = Progress(stage=Stage.SAMPLE, step=step, total_steps=5, percent=9)
        self.settle(number, lambda lease: self.ledger.progress(lease, news), then)

    @precondition(lambda self: self.known)
    @rule(number=pick)
    def give_back(self, number: int) -> None:
        def then(job: Known) -> None:
            job.status, job.attempts = Status.QUEUED, job.attempts - 1
            job.leases.pop()  # its holder is done with it: a repeat counts as the same step

        self.settle(number, self.ledger.give_back, then)

    @precondition(lambda self: self.known)
    @rule(number=pick)
    def retry(self, number: int) -> None:
        def then(job: Known) -> None:
            if job.ends_in_vain("setbacks", RULES.max_retries):
                job.status, job.code = Status.FAILED, OOPS.code
            else:
                job.status, job.paused = Status.QUEUED, True
            job.leases.pop()

        self.settle(number, lambda lease: self.ledger.retry(lease, OOPS), then)

    @precondition(lambda self: self.known)
    @rule(number=pick, expired=st.booleans())
    def complete(self, number: int, expired: bool) -> None:
        def then(job: Known) -> None:
            job.status, job.expired = Status.COMPLETED, expired
            job.leases.pop()

        expires_at = 1.0 if expired else 4e9
        self.settle(number, lambda lease: self.ledger.complete(lease, self.result, expires_at), then)

    @precondition(lambda self: self.known)
    @rule(number=pick)
    def fail(self, number: int) -> None:
        def then(job: Known) -> None:
            job.status, job.code = Status.FAILED, OOPS.code
            job.leases.pop()

        self.settle(number, lambda lease: self.ledger.fail(lease, OOPS), then)

    @precondition(lambda self: self.dead)
    @rule()
    def the_dead_are_silent(self) -> None:
        for lease in self.dead:
            with pytest.raises(LeaseLost):
                self.ledger.complete(lease, self.result, 4e9)
        self.dead.clear()

    # What always holds

    @invariant()
    def the_ledger_is_as_known(self) -> None:
        for tenant in "abc":
            rows = self.ledger.page(tenant, after=None, limit=1000, descending=False).jobs
            mine = {job_id: job for job_id, job in self.known.items() if job.tenant == tenant}
            assert [row.id for row in rows] == list(mine)
            for row, job in zip(rows, mine.values(), strict=True):
                assert (row.status, row.attempt) == (job.status, job.attempts)
                assert row.service_class is job.service_class
                assert (row.failure.code if row.failure else None) == job.code
                assert (row.result is None) == (job.status is not Status.COMPLETED)
                assert (row.completed_at is not None) == job.status.is_final

    @invariant()
    def every_accepted_job_is_in_one_place(self) -> None:
        queued, running = self.those(Status.QUEUED), self.those(Status.IN_PROGRESS)
        final = {job_id.encode() for job_id, job in self.known.items() if job.status.is_final}
        assert self.ledger.counts() == Counts(queued=len(queued), running=len(running))
        assert set(self.members("expiring")) == final
        assert self.accepted == len(queued) + len(running) + len(final) + self.gone
        for tenant in "abc":
            assert self.ids(f"queued:{tenant}") == set(self.those(Status.QUEUED, tenant))
            assert self.ids(f"running:{tenant}") == set(self.those(Status.IN_PROGRESS, tenant))

    @invariant()
    def positions_count_from_the_head(self) -> None:
        free = [job_id for job_id in self.those(Status.QUEUED) if not self.known[job_id].paused]
        places = sorted(self.ledger.position(job_id) or 0 for job_id in free)
        assert places == list(range(len(free)))
        others = set(self.known) - set(self.those(Status.QUEUED))
        assert {self.ledger.position(job_id) for job_id in others} <= {None}

    @invariant()
    def an_empty_queue_leaves_nothing(self) -> None:
        if not self.those(Status.QUEUED):
            kinds = ("wheel", "spent", "clock", "waiting", "begun", "lines", "paused")
            assert [key for kind in kinds for key in self.client.scan_iter(f"moviola:{kind}*")] == []

    def members(self, which: str) -> list[bytes]:
        found: list[bytes] = self.client.zrange(f"moviola:{which}", 0, -1)
        return found

    def ids(self, which: str) -> set[str]:
        return {job_id.decode() for job_id in self.members(which)}


def test_random_histories(redis_client: redis.Redis, make_job: Callable[..., Job], result: Result) -> None:
    run_state_machine_as_test(
        lambda: Histories(redis_client, make_job, result),
        settings=settings(
            max_examples=80,
            stateful_step_count=60,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
