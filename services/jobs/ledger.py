"""The ledger of jobs in Redis, the one truth about them.

    create ──> queued ──claim──> in_progress ──complete──> completed
                 │ ^                │  │  │
                 │ └── give back, ──┘  │  └── fail; last retry; last lost worker ──> failed
                 │     retry,          │                                              ^
                 │     lease ran out   └──────────────── cancel ──────────────────────┤
                 └─────────────────────────────────────── cancel ─────────────────────┘

    delete, from any state, and expiry, from the two final ones, remove the row. Nothing leaves a final state
    otherwise.

Every step is one Lua script (``lua/``), so that no crash leaves half of it. Who works on a job holds a
*lease*: a token that grows with each claim, and a time, by Redis's clock, until which nobody else may claim.
Each report renews it. Whoever comes with a token that is not the current one gets LeaseLost; after a cancel
the current token gets JobCancelled. A step sent twice, because its reply was lost, counts once; only delete
and cancel then say that there is nothing left to do.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import redis

from services.contract.errors import Conflict, JobCancelled, LeaseLost, LedgerUnavailable, NotFound
from services.contract.job import Failure, Job, Progress, Result, Stage
from services.contract.spec import Spec
from services.jobs import rows
from services.jobs.history import History, units
from services.jobs.scripts import PREFIX, Scripts, answering

GRACE_MS = 5_000
"""How long a message may be on its way before it counts as lost."""
LONGEST_PATIENCE_MS = 30_000
HEAD = 64
"""How many at the head of the queue are published again where nobody claims them."""
BATCH = 200
LINGER_MS = 60_000
"""After a delete, when its files are removed once more: a worker may have been writing."""
RETRY_DELAY_MS = 2_000
CANCELLED = Failure(code=JobCancelled.code, message="the job was cancelled")


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
    """Ids that a sweep had to do with. ``expired``: rows that are gone and whose files are to be removed,
    given again by each sweep until ``collected``."""

    republished: tuple[str, ...]
    returned: tuple[str, ...]
    lost: tuple[str, ...]
    expired: tuple[str, ...]


class Ledger:
    """Rows, leases and order of jobs. Safe for threads; every method raises LedgerUnavailable.

    ``lease_s``: how long a silent worker keeps its job. ``max_attempts``: after so many a job that lost its
    worker, or that met an unavailable part, fails. ``failed_ttl_s``: how long rows of failed jobs are kept.
    The client must not decode replies. One Redis, with replicas or without, not a cluster.
    """

    def __init__(
        self,
        client: redis.Redis,
        *,
        lease_s: float = 10,
        max_attempts: int = 3,
        failed_ttl_s: float = 7 * 24 * 3600,
    ) -> None:
        self._client = client
        self._scripts = Scripts(client)
        self._history = History(self._scripts)
        self._lease_ms = int(lease_s * 1000)
        self._max_attempts = max_attempts
        self._keep_ms = int(failed_ttl_s * 1000)

    def create(self, job: Job) -> None:
        """Write a queued job, last in line. The same job again changes nothing. Raises Conflict for another
        job under a known id."""
        amounts = rows.amounts(units(job.spec))
        reply = self._scripts.run(
            "create", job.id, job.tenant, rows.order(job), job.spec.cast, amounts, GRACE_MS
        )
        if reply[0] == b"exists":
            raise Conflict(f"there is another job {job.id}")

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
        """How many are to be taken before it; None when it is not queued."""
        with answering():
            rank = self._client.zrank(f"{PREFIX}pending", job_id)
        return rank if isinstance(rank, int) else None

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

    def claim(self, job_id: str) -> Lease | None:
        """Take a job that is queued, or whose lease ran out. None where there is nothing to do."""
        holder = uuid.uuid4().hex
        reply = self._scripts.run("claim", job_id, self._lease_ms, self._max_attempts, self._keep_ms, holder)
        if reply[0] != b"claimed":
            return None
        row = rows.fields(reply[1])
        return Lease(job=rows.job(row), token=int(row["token"]))

    def renew(self, lease: Lease) -> None:
        """Hold the job for another lease. Raises LeaseLost, JobCancelled."""
        self._step("renew", lease, self._lease_ms, "")

    def progress(self, lease: Lease, progress: Progress) -> None:
        """Write how far the job has come, and renew. Raises LeaseLost, JobCancelled."""
        self._step("renew", lease, self._lease_ms, progress.model_dump_json())

    def give_back(self, lease: Lease) -> None:
        """To its old place in the queue; the attempt does not count. Raises LeaseLost, JobCancelled."""
        self._step("give_back", lease)

    def retry(self, lease: Lease, failure: Failure) -> None:
        """To the queue after a pause that doubles with each attempt; the last attempt fails with ``failure``.
        Raises LeaseLost, JobCancelled."""
        limits = (self._max_attempts, self._keep_ms, RETRY_DELAY_MS)
        self._step("retry", lease, failure.model_dump_json(), *limits)

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

    def sweep(self, publish: Callable[[str], None]) -> Swept:
        """Mend what crashes left: jobs on a dead lease go back to the queue or, after the last attempt, fail;
        queued jobs that nobody claims are published again; rows that expired go. Any number may sweep."""
        limits = (self._max_attempts, self._keep_ms, HEAD, GRACE_MS, LONGEST_PATIENCE_MS, BATCH)
        reply = self._scripts.run("sweep", *limits)
        swept = Swept(*(tuple(job_id.decode() for job_id in ids) for ids in reply))
        for job_id in swept.republished:
            publish(job_id)
        return swept

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

    def _step(self, name: str, lease: Lease, *args: str | int) -> None:
        reply: Sequence[bytes] = self._scripts.run(name, lease.job.id, lease.token, *args)
        if reply[0] == b"lost":
            raise LeaseLost(f"job {lease.job.id}: token {lease.token} is not the current one")
        if reply[0] == b"cancelled":
            raise JobCancelled("the job was cancelled")
