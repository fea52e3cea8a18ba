import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import redis

from services.contract.errors import LedgerUnavailable
from services.contract.job import Job, Progress, Result, Stage
from services.jobs.ledger import Lease, Ledger

MakeJob = Callable[..., Job]


def test_every_call_says_that_redis_is_away(own_port: int, make_job: MakeJob, result: Result) -> None:
    ledger, job = Ledger(redis.Redis(port=own_port, retry=None)), make_job()
    lease = Lease(job=job, token=1)
    for call in (
        lambda: ledger.create(job),
        lambda: ledger.get("t", job.id),
        lambda: ledger.version("t", job.id),
        lambda: ledger.page("t", after=None, limit=1, descending=False),
        lambda: ledger.position(job.id),
        lambda: ledger.counts(),
        lambda: ledger.check(),
        lambda: ledger.claim(job.id),
        lambda: ledger.renew(lease),
        lambda: ledger.complete(lease, result, 2e9),
        lambda: ledger.cancel("t", job.id),
        lambda: ledger.delete("t", job.id),
        lambda: ledger.sweep(lambda _: None),
        lambda: ledger.collected(job.id),
        lambda: ledger.lead("a", 1),
        lambda: ledger.eta_s(job),
        lambda: ledger.estimate(job),
        lambda: ledger.outlook(),
    ):
        with pytest.raises(LedgerUnavailable):
            call()
    ledger.learn(job.spec, {Stage.ENCODE: 1.0})


def test_the_ledger_goes_on_with_a_redis_that_came_back(
    own_port: int,
    start_redis: Callable[[int], AbstractContextManager[subprocess.Popen[bytes]]],
    make_job: MakeJob,
) -> None:
    with redis.Redis(port=own_port, retry=None) as client:
        ledger = Ledger(client)
        with start_redis(own_port):
            ledger.create(make_job())
        with pytest.raises(LedgerUnavailable):
            ledger.counts()
        with start_redis(own_port):
            job = make_job()
            ledger.create(job)
            lease = ledger.claim(job.id)
            assert lease is not None
            ledger.progress(lease, Progress(stage=Stage.MUX, step=0, total_steps=1, percent=98))


def test_a_redis_that_takes_no_writes_fails_the_check(redis_client: redis.Redis) -> None:
    ledger = Ledger(redis_client)
    ledger.check()
    redis_client.config_set("min-replicas-to-write", 1)
    try:
        with pytest.raises(LedgerUnavailable):
            ledger.check()
    finally:
        redis_client.config_set("min-replicas-to-write", 0)
