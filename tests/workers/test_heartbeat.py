import threading

import pytest
import redis

from services.contract.errors import LeaseLost, LedgerUnavailable
from services.contract.job import Job
from services.jobs.ledger import Lease, Ledger
from workers.heartbeat import Heartbeat


@pytest.fixture
def lease(ledger: Ledger, queued: Job) -> Lease:
    lease = ledger.claim(queued.id)
    assert lease is not None
    return lease


def test_it_renews_the_lease(ledger: Ledger, lease: Lease, redis_client: redis.Redis) -> None:
    renewed = threading.Event()
    renew = ledger.renew
    ledger.renew = lambda one: (renew(one), renewed.set())[0]  # type: ignore[method-assign]
    assert redis_client.zadd("moviola:running", {lease.job.id: 1e3}, xx=True, ch=True) == 1
    with Heartbeat(ledger, lease, 0.03, lambda: pytest.fail("lost")):
        assert renewed.wait(5)
    end = redis_client.zscore("moviola:running", lease.job.id)
    assert end is not None
    assert end > 1e3


def test_that_the_lease_is_lost_is_said_with_each_beat_without_asking_again(
    ledger: Ledger, lease: Lease
) -> None:
    asked, said, enough = [], [], threading.Event()

    def renew(one: Lease) -> None:
        asked.append(one)
        raise LeaseLost("gone")

    def lost() -> None:
        said.append(1)
        if len(said) == 3:
            enough.set()

    ledger.renew = renew  # type: ignore[method-assign]
    with Heartbeat(ledger, lease, 0.03, lost):
        assert enough.wait(5)
    assert len(asked) == 1


def test_a_ledger_that_is_away_loses_nothing(ledger: Ledger, lease: Lease) -> None:
    again = threading.Event()
    tries: list[Lease] = []

    def renew(one: Lease) -> None:
        tries.append(one)
        if len(tries) > 2:
            again.set()
        raise LedgerUnavailable("away")

    ledger.renew = renew  # type: ignore[method-assign]
    with Heartbeat(ledger, lease, 0.03, lambda: pytest.fail("lost")):
        assert again.wait(5)
