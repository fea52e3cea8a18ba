"""Random histories of the ledger against a plain model of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

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

from services.contract.errors import Conflict, JobCancelled, LeaseLost
from services.contract.job import Failure, Job, Progress, Result, Stage, Status
from services.jobs.ledger import Counts, Lease, Ledger

ATTEMPTS = 2
OOPS = Failure(code="unavailable", message="away")
pick = st.integers(0, 10**6)


@dataclass
class Known:
    """What must be true of a job that was created and not deleted."""

    status: Status = Status.QUEUED
    attempts: int = 0
    token: int = 0
    code: str | None = None
    leases: list[Lease] = field(default_factory=list)


class Histories(RuleBasedStateMachine):
    """``known`` is the model; ``order`` the queue and the listing by arrival."""

    def __init__(self, client: redis.Redis, make_job: Callable[..., Job], result: Result) -> None:
        super().__init__()
        client.flushall()
        self.client, self.make_job, self.result = client, make_job, result
        self.ledger = Ledger(client, max_attempts=ATTEMPTS)
        self.known: dict[str, Known] = {}
        self.dead: list[Lease] = []
        self.ever = 0

    def one(self, number: int) -> str:
        return list(self.known)[number % len(self.known)]

    def lose(self, job: Known) -> None:
        job.status, job.code = Status.QUEUED, None
        if job.attempts == ATTEMPTS:
            job.status, job.code = Status.FAILED, "worker_lost"

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

    @rule()
    def create(self) -> None:
        job = self.make_job(id=f"video_{self.ever}")
        self.ever += 1
        self.ledger.create(job)
        self.known[job.id] = Known()

    @precondition(lambda self: self.known)
    @rule(number=pick)
    def claim(self, number: int) -> None:
        job_id = self.one(number)
        job = self.known[job_id]
        lease = self.ledger.claim(job_id)
        assert (lease is not None) == (job.status is Status.QUEUED)
        if lease is not None:
            job.status, job.attempts, job.token = Status.IN_PROGRESS, job.attempts + 1, job.token + 1
            assert (lease.token, lease.job.attempt) == (job.token, job.attempts)
            job.leases.append(lease)

    @precondition(lambda self: self.known)
    @rule(number=pick, by_sweep=st.booleans())
    def worker_lost(self, number: int, by_sweep: bool) -> None:
        job_id = self.one(number)
        job = self.known[job_id]
        if not self.client.zadd("moviola:running", {job_id: 0}, xx=True, ch=True):
            return
        if by_sweep:
            swept = self.ledger.sweep(lambda _: None)
            assert job_id in (swept.returned if job.attempts < ATTEMPTS else swept.lost)
            self.lose(job)
        else:
            self.lose(job)
            self.claim(number)

    @precondition(lambda self: self.known)
    @rule(number=pick)
    def progress(self, number: int) -> None:
        news = Progress(stage=Stage.SAMPLE, step=1, total_steps=2, percent=9)
        self.settle(number, lambda lease: self.ledger.progress(lease, news), lambda _: None)

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
        job_id = self.one(number)

        def then(job: Known) -> None:
            job.status = Status.QUEUED
            if job.attempts == ATTEMPTS:
                job.status, job.code = Status.FAILED, OOPS.code
            job.leases.pop()
            self.client.hset(f"moviola:job:{job_id}", "due", 0)

        self.settle(number, lambda lease: self.ledger.retry(lease, OOPS), then)

    @precondition(lambda self: self.known)
    @rule(number=pick)
    def complete(self, number: int) -> None:
        def then(job: Known) -> None:
            job.status = Status.COMPLETED
            job.leases.pop()

        self.settle(number, lambda lease: self.ledger.complete(lease, self.result, 4e9), then)

    @precondition(lambda self: self.known)
    @rule(number=pick)
    def fail(self, number: int) -> None:
        def then(job: Known) -> None:
            job.status, job.code = Status.FAILED, OOPS.code
            job.leases.pop()

        self.settle(number, lambda lease: self.ledger.fail(lease, OOPS), then)

    @precondition(lambda self: self.known)
    @rule(number=pick)
    def cancel(self, number: int) -> None:
        job_id = self.one(number)
        job = self.known[job_id]
        if job.status.is_final:
            with pytest.raises(Conflict):
                self.ledger.cancel("t", job_id)
        else:
            self.ledger.cancel("t", job_id)
            job.status, job.code = Status.FAILED, "cancelled"

    @precondition(lambda self: self.known)
    @rule(number=pick)
    def delete(self, number: int) -> None:
        job_id = self.one(number)
        assert self.ledger.delete("t", job_id) is not None
        self.dead += self.known.pop(job_id).leases

    @precondition(lambda self: self.dead)
    @rule()
    def the_dead_are_silent(self) -> None:
        for lease in self.dead:
            with pytest.raises(LeaseLost):
                self.ledger.complete(lease, self.result, 4e9)
        self.dead.clear()

    @invariant()
    def the_ledger_is_as_known(self) -> None:
        page = self.ledger.page("t", after=None, limit=1000, descending=False)
        assert [job.id for job in page.jobs] == list(self.known)
        for row, job in zip(page.jobs, self.known.values(), strict=True):
            assert (row.status, row.attempt) == (job.status, job.attempts)
            assert (row.failure.code if row.failure else None) == job.code
            assert (row.result is None) == (job.status is not Status.COMPLETED)
            assert (row.completed_at is not None) == job.status.is_final

    @invariant()
    def every_job_is_in_one_place(self) -> None:
        waiting = [job_id for job_id, job in self.known.items() if job.status is Status.QUEUED]
        running = [job for job in self.known.values() if job.status is Status.IN_PROGRESS]
        final = {job_id.encode() for job_id, job in self.known.items() if job.status.is_final}
        assert self.ledger.counts() == Counts(queued=len(waiting), running=len(running))
        assert [self.ledger.position(job_id) for job_id in waiting] == list(range(len(waiting)))
        assert set(self.members("unclaimed")) == {job_id.encode() for job_id in waiting}
        assert set(self.members("expiring")) == final

    def members(self, which: str) -> Any:
        return self.client.zrange(f"moviola:{which}", 0, -1)


def test_random_histories(redis_client: redis.Redis, make_job: Callable[..., Job], result: Result) -> None:
    run_state_machine_as_test(
        lambda: Histories(redis_client, make_job, result),
        settings=settings(
            max_examples=40,
            stateful_step_count=40,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
