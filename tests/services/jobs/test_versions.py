"""What a later version wrote, with fields of which this one does not know, is read all the same."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import redis

from services.contract.job import Failure, Job, Progress, Result, Stage, Status, Target
from services.jobs.ledger import Ledger
from services.jobs.outbox import Outbox

MakeJob = Callable[..., Job]
MORE = {"novelty": {"of": ["the", "next"]}}


def richer(value: Any) -> Any:
    """With a field more in every object."""
    if isinstance(value, list):
        return [richer(one) for one in value]
    return {name: richer(one) for name, one in value.items()} | MORE if isinstance(value, dict) else value


def enrich(client: redis.Redis, key: str) -> None:
    """A hash as the next version would have written it."""
    for name, value in client.hgetall(key).items():
        if bytes(value).startswith(b"{") and name != b"units":  # type: ignore[arg-type]
            client.hset(key, name, json.dumps(richer(json.loads(value))))
    client.hset(key, "novelty", "1")


@pytest.fixture
def enriched(ledger: Ledger, make_job: MakeJob, redis_client: redis.Redis) -> Job:
    job = make_job(webhooks=(Target(of="job", url="https://a.example", secret="whsec_x"),))
    ledger.create(job)
    enrich(redis_client, f"moviola:job:{job.id}")
    return job


def test_a_row_is_read_taken_and_ended(
    ledger: Ledger, enriched: Job, redis_client: redis.Redis, result: Result
) -> None:
    key = f"moviola:job:{enriched.id}"
    assert ledger.find(enriched.id) == enriched
    assert ledger.page("t", after=None, limit=5, descending=False).jobs == [enriched]
    lease = ledger.take("moviegen-mini")
    assert lease is not None
    assert lease.job.spec == enriched.spec
    ledger.progress(lease, Progress(stage=Stage.SAMPLE, step=3, total_steps=10, percent=20))
    enrich(redis_client, key)
    row = ledger.find(enriched.id)
    assert row is not None
    assert row.progress is not None
    assert ledger.eta_s(row) is None
    ledger.complete(lease, result, 4e9)
    enrich(redis_client, key)
    row = ledger.find(enriched.id)
    assert row is not None
    assert (row.status, row.result) == (Status.COMPLETED, result)


def test_a_failure_is_read_and_told(ledger: Ledger, enriched: Job, redis_client: redis.Redis) -> None:
    lease = ledger.claim(enriched.id)
    assert lease is not None
    failure = Failure(code="generation_failed", message="no")
    ledger.fail(lease, failure)
    enrich(redis_client, f"moviola:job:{enriched.id}")
    (delivery_key,) = redis_client.scan_iter("moviola:delivery:*")
    redis_client.hset(delivery_key, "novelty", "1")
    row = ledger.find(enriched.id)
    assert row is not None
    assert row.failure == failure
    delivery = Outbox(redis_client).take()
    assert delivery is not None
    assert json.loads(delivery.body)["data"]["error"]["code"] == "generation_failed"


def test_a_sweep_knows_leases_of_the_version_before(
    ledger: Ledger, enriched: Job, redis_client: redis.Redis
) -> None:
    """Their rows do not say how long a lease is."""
    assert ledger.claim(enriched.id)
    redis_client.hdel(f"moviola:job:{enriched.id}", "lease")
    redis_client.set("moviola:swept", 1)
    assert ledger.sweep(lambda _: None).spared == (enriched.id,)
