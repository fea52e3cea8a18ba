"""The ledger of jobs in Redis, the one truth about them.

    create ──> queued ──────────claim────────> in_progress ──complete──> completed
               │  waiting: takes turns             │ │ │
               │  begun: goes first <── give back; ┘ │ └── fail; last retry; last lost worker ──> failed
               │    ^                   lease ran out│                                              ^
               │    └── paused <──── retry ──────────┤                                              │
               │                                     └──────────────── cancel ──────────────────────┤
               └────────────────────────────────────────────────────── cancel ──────────────────────┘

    delete, from any state, and expiry, from the two final ones, remove the row. Nothing leaves a final state
    otherwise.

Every step is one Lua script (``lua/``), so that no crash leaves half of it. Who works on a job holds a
*lease*: a token that grows with each claim, and a time, by Redis's clock, until which nobody else may claim.
Each report renews it. Should that clock be set, or nobody sweep for a while, leases begin anew
(``lua/clock.lua``). Whoever comes with a token that is not the current one gets LeaseLost; after a cancel
the current token gets JobCancelled. A step sent twice, because its reply was lost, counts once; only delete
and cancel then say that there is nothing left to do.

*Who is next.* A cast has a line for each class. New jobs stand in the line of their class, by tenant. A claim
takes jobs that were begun first: they had their turn. Then the classes take turns, batch a small share of
them, and within a class the tenants, by weight (``lua/turns.lua``). A tenant at its cap of running jobs is
passed over.

*How often to try.* A lost worker counts against a job that got no further than any attempt before. One that
does get further each time is tried again, up to a total.
"""

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple

import redis

from services.contract.errors import (
    Conflict,
    JobCancelled,
    LeaseLost,
    LedgerUnavailable,
    NotFound,
    TooManyRequests,
)
from services.contract.job import Failure, Job, Progress, Result, Stage, Status
from services.contract.spec import ServiceClass, Spec
from services.jobs import intents, rows
from services.jobs.history import History, units
from services.jobs.intents import Intent, Intents
from services.jobs.outlook import Estimate, Outlook, Outlooks
from services.jobs.rules import Rules
from services.jobs.scripts import PREFIX, Scripts, answering

HEAD = 8
"""How many workers at most a sweep wakes for a line that has no message."""
BATCH = 200
LINGER_MS = 60_000
"""After a delete, when its files are removed once more: a worker may have been writing."""
RETRY_DELAY_MS = 2_000
LONGEST_DELAY_MS = 60_000
ALL_CLASSES = tuple(ServiceClass)
CANCELLED = Failure(code=JobCancelled.code, message="the job was cancelled")


def line(cast: str, service_class: ServiceClass) -> str:
    """The name of the line in which jobs of a class wait for workers of a cast."""
    return f"{cast}.{service_class}"


class Wake(NamedTuple):
    """A message to the workers of ``line``, sent for the sake of a job."""

    job_id: str
    line: str

    @classmethod
    def of(cls, job: Job) -> "Wake":
        return cls(job.id, line(job.spec.cast, job.service_class))


@dataclass(frozen=True)
class Lease:
    """The right to work on ``job``, whose row is as it was at the claim. ``token`` grows with each claim."""

    job: Job
    token: int


@dataclass(frozen=True)
class Page:
    """Jobs of a tenant, in order; ``has_more`` says whether others follow."""

    jobs: list[Job]
    has_more: bool


@dataclass(frozen=True)
class Counts:
    """Jobs that wait and jobs that somebody works on."""

    queued: int
    running: int


@dataclass(frozen=True)
class Swept:
    """Ids that a sweep had to do with. ``republished``: for which a message was sent. ``expired``: rows that
    are gone and whose files are to be removed, given again by each sweep until ``collected``. ``spared``:
    whose leases begin anew, since the clock was set or nobody swept for a whole lease."""

    republished: tuple[str, ...]
    returned: tuple[str, ...]
    lost: tuple[str, ...]
    expired: tuple[str, ...]
    spared: tuple[str, ...] = ()


class Ledger:
    """Rows, leases and order of jobs. Safe for threads; every method raises LedgerUnavailable.

    ``lease_s``: how long a silent worker keeps its job. ``failed_ttl_s``: how long rows of failed jobs are
    kept. The client must not decode replies. One Redis, with replicas or without, not a cluster.
    """

    def __init__(
        self,
        client: redis.Redis,
        *,
        lease_s: float = 10,
        failed_ttl_s: float = 7 * 24 * 3600,
        rules: Rules | None = None,
    ) -> None:
        self._client = client
        self._rules = rules or Rules()
        self._rules_json = self._rules.as_json()
        self._scripts = Scripts(client)
        self._history = History(self._scripts, self._rules)
        self._outlooks = Outlooks(self._scripts, self._rules)
        self._intents = Intents(self._scripts, self._rules.idempotency_ttl_s)
        self._lease_ms = int(lease_s * 1000)
        self._keep_ms = int(failed_ttl_s * 1000)

    def begin(self, intent: Intent, own_id: str) -> tuple[str, Job | None]:
        """See ``Intents.begin``: to be called before ``create`` with the same intent."""
        return self._intents.begin(intent, own_id)

    def holding(self, intent: Intent, own_id: str) -> AbstractContextManager[None]:
        """See ``Intents.holding``: between ``begin`` and ``create``."""
        return self._intents.holding(intent, own_id)

    def release(self, intent: Intent, own_id: str, *, comes_again: bool) -> None:
        """See ``Intents.release``."""
        self._intents.release(intent, own_id, comes_again=comes_again)

    def create(self, job: Job, intent: Intent | None = None) -> Job:
        """Write a queued job and what makes its intent known again, in one step, and give it; or give the job
        that the same intent has made meanwhile. The same job again changes nothing.

        Raises Conflict for another job under a known id, TooManyRequests at a cap of queued jobs, and what
        ``begin`` raises."""
        reply = self._scripts.run(
            "create",
            job.id,
            job.tenant,
            rows.order(job),
            job.spec.cast,
            job.service_class,
            rows.amounts(units(job.spec)),
            *self._intents.record(intent),
            self._rules_json,
        )
        if reply[0] == b"ok":
            return job
        if reply[0] == b"full":
            raise self._full(job.tenant, job.spec.cast, by_tenant=reply[1] == b"tenant")
        return intents.known(reply)

    def check_room(self, tenant: str, cast: str) -> None:
        """Nothing, if one more job may be queued now. Raises TooManyRequests."""
        with answering():
            pipe = self._client.pipeline(transaction=True)
            pipe.zcard(f"{PREFIX}pending")
            pipe.zcard(f"{PREFIX}queued:{tenant}")
            queued, own = pipe.execute()
        if queued >= self._rules.max_queued or own >= self._rules.max_queued_per_tenant:
            raise self._full(tenant, cast, by_tenant=queued < self._rules.max_queued)

    def _full(self, tenant: str, cast: str, *, by_tenant: bool) -> TooManyRequests:
        message = "the queue is full"
        if by_tenant:
            message = f"you have {self._rules.max_queued_per_tenant} queued videos; more are not taken"
        after_s = self._history.retry_after_s(cast, tenant if by_tenant else None)
        return TooManyRequests(message, retry_after_s=after_s)

    def get(self, tenant: str, job_id: str) -> Job | None:
        """The tenant's job; others' look like none."""
        job = self.find(job_id)
        return job if job is not None and job.tenant == tenant else None

    def find(self, job_id: str) -> Job | None:
        """The job, whosever it is."""
        with answering():
            row = self._client.hgetall(f"{PREFIX}job:{job_id}")
        return rows.job(rows.decoded(row)) if row else None

    def version(self, tenant: str, job_id: str) -> int | None:
        """A number that grows with every change of the row; None where ``get`` has nothing."""
        with answering():
            owner, version = self._client.hmget(f"{PREFIX}job:{job_id}", ["tenant", "version"])
        return int(version) if version is not None and owner == tenant.encode() else None

    def page(self, tenant: str, *, after: str | None, limit: int, descending: bool) -> Page:
        """Up to ``limit`` of the tenant's jobs by time of creation, from the one behind ``after`` on.

        Raises NotFound (param ``after``) for an id that the tenant did not have within the last hour."""
        reply = self._scripts.run("page", tenant, after or "", limit, int(descending))
        if reply[0] == b"missing":
            raise NotFound(f"no video {after}", param="after")
        return Page(jobs=[rows.job(rows.fields(row)) for row in reply[2:]], has_more=bool(reply[1]))

    def position(self, job_id: str) -> int | None:
        """How many are to be taken before it, if nobody else comes; None when it is not queued."""
        position: int = self._scripts.run("position", job_id, self._rules_json)[0]
        return None if position < 0 else position

    def counts(self) -> Counts:
        """How many wait and how many run."""
        with answering():
            pipe = self._client.pipeline(transaction=True)
            pipe.zcard(f"{PREFIX}pending")
            pipe.zcard(f"{PREFIX}running")
            queued, running = pipe.execute()
        return Counts(queued=queued, running=running)

    def check(self) -> None:
        """Nothing, if Redis takes a write."""
        with answering():
            self._client.set(f"{PREFIX}check", 1, ex=60)

    def take(self, cast: str, classes: Sequence[ServiceClass] = ALL_CLASSES) -> Lease | None:
        """Take the job of the cast that is next in the lines of ``classes``. None where there is none that
        may run now."""
        return self._claim("", cast, classes)

    def claim(self, job_id: str) -> Lease | None:
        """Take this job, out of its turn. None where it is not to be had."""
        return self._claim(job_id, "", ())

    def _claim(self, job_id: str, cast: str, classes: Sequence[ServiceClass]) -> Lease | None:
        limits, holder = (self._lease_ms, self._keep_ms), uuid.uuid4().hex
        reply = self._scripts.run(
            "claim", job_id, cast, json.dumps(classes), *limits, holder, self._rules_json
        )
        if reply[0] != b"claimed":
            return None
        row = rows.fields(reply[1])
        return Lease(job=rows.job(row), token=int(row["token"]))

    def renew(self, lease: Lease) -> None:
        """Hold the job for another lease. Raises LeaseLost, JobCancelled."""
        self._step("renew", lease, self._lease_ms, "", 0)

    def progress(self, lease: Lease, progress: Progress) -> None:
        """Write how far the job has come, and renew. Raises LeaseLost, JobCancelled."""
        self._step("renew", lease, self._lease_ms, progress.model_dump_json(), rows.reach(progress))

    def give_back(self, lease: Lease) -> None:
        """To the head of its line; the attempt does not count. Raises LeaseLost, JobCancelled."""
        self._step("give_back", lease)

    def retry(self, lease: Lease, failure: Failure) -> None:
        """To the head of its line after a pause, which doubles with each attempt that got no further than the
        ones before; the last attempt fails with ``failure``. Raises LeaseLost, JobCancelled."""
        times = (self._keep_ms, RETRY_DELAY_MS, LONGEST_DELAY_MS)
        self._step("retry", lease, failure.model_dump_json(), *times, self._rules_json)

    def complete(self, lease: Lease, result: Result, expires_at: float) -> None:
        """Commit the result; row and files go at ``expires_at`` (Unix seconds).

        Raises LeaseLost, JobCancelled."""
        self._step("complete", lease, result.model_dump_json(), int(expires_at * 1000))

    def fail(self, lease: Lease, failure: Failure) -> None:
        """End the job. Raises LeaseLost, JobCancelled."""
        self._step("fail", lease, failure.model_dump_json(), self._keep_ms)

    def cancel(self, tenant: str, job_id: str) -> Job:
        """End a job that is not final as failed with code ``cancelled``; its worker hears at its next step.

        Raises NotFound, Conflict where the job is final."""
        reply = self._scripts.run("cancel", job_id, tenant, self._keep_ms, CANCELLED.model_dump_json())
        if reply[0] == b"missing":
            raise NotFound(f"no video {job_id}")
        if reply[0] == b"final":
            raise Conflict(f"video {job_id} is {reply[1].decode()} already")
        return rows.job(rows.fields(reply[1]))

    def delete(self, tenant: str, job_id: str) -> Job | None:
        """Remove the row, whatever its state, and give it as it was last; None where ``get`` has nothing."""
        reply = self._scripts.run("delete", job_id, tenant, LINGER_MS)
        return rows.job(rows.fields(reply[1])) if reply[0] == b"ok" else None

    def sweep(self, publish: Callable[[Wake], None]) -> Swept:
        """Mend what crashes left: jobs on a dead lease go back to their line or, after the last attempt,
        fail; workers are woken for lines where somebody waits and no message is under way; rows that expired
        go. Any number may sweep."""
        numbers = (self._keep_ms, HEAD, BATCH, self._lease_ms)
        send, to, *rest = self._scripts.run("sweep", *numbers, self._rules_json)
        for job_id, name in zip(send, to, strict=True):
            publish(Wake(job_id.decode(), name.decode()))
        return Swept(*(tuple(job_id.decode() for job_id in ids) for ids in (send, *rest)))

    def collected(self, job_id: str) -> None:
        """The files of an expired job are gone."""
        with answering():
            self._client.zrem(f"{PREFIX}graves", job_id)

    def lead(self, who: str, ttl_s: float) -> bool:
        """Whether ``who`` leads the sweepers now; if so, for another ``ttl_s``."""
        return bool(self._scripts.run("lead", who, int(ttl_s * 1000))[0] == b"leads")

    def step_down(self, who: str) -> None:
        """Another may lead at once."""
        self._scripts.run("step_down", who)

    def learn(self, spec: Spec, durations_s: Mapping[Stage, float]) -> None:
        """Take a film made in one attempt into the measured history. Never raises for Redis's sake: the film
        is done, and an estimate is not worth an error."""
        try:
            self._history.learn(spec, durations_s)
        except LedgerUnavailable:
            return

    def eta_s(self, job: Job) -> float | None:
        """See ``History.eta_s``."""
        return self._history.eta_s(job)

    def estimate(self, job: Job) -> Estimate:
        """Place and time of one job, which looks at every tenant that has somebody waiting."""
        position = self.position(job.id) if job.status is Status.QUEUED else None
        return Estimate(position, self.eta_s(job))

    def outlook(self) -> Outlook:
        """Places and times of all jobs."""
        return self._outlooks.look()

    def _step(self, name: str, lease: Lease, *args: str | int) -> None:
        reply: Sequence[bytes] = self._scripts.run(name, lease.job.id, lease.token, *args)
        if reply[0] == b"lost":
            raise LeaseLost(f"job {lease.job.id}: token {lease.token} is not the current one")
        if reply[0] == b"cancelled":
            raise JobCancelled("the job was cancelled")
