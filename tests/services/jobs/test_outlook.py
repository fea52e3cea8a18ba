"""One look at the queue says of every job what the steps for one job say of it, and that is what happens."""

import random
from collections.abc import Callable

import pytest
import redis

from services.contract.job import Failure, Job, Progress, Stage, Status
from services.contract.spec import ServiceClass
from services.jobs.ledger import Ledger
from services.jobs.rules import Rules

MakeJob = Callable[..., Job]
CAST, OTHER = "moviegen-mini", "moviegen-30b"
TOOK = {Stage.ENCODE: 1.0, Stage.SAMPLE: 40.0, Stage.DECODE: 20.0, Stage.SOUND: 8.0, Stage.MUX: 1.0}
WEIGHTS = {"a": 2.0, "b": 0.5, "ü": 3.0}


def rows(ledger: Ledger, jobs: list[Job]) -> list[Job]:
    """Those that are not final, as they are now."""
    found = [ledger.find(job.id) for job in jobs]
    return [row for row in found if row is not None and not row.status.is_final]


class Crowd:
    """Orders, claims, returns, failures and ends, by chance."""

    def __init__(self, ledger: Ledger, make_job: MakeJob, seed: int) -> None:
        self.chance = random.Random(seed)
        self.ledger, self._make_job = ledger, make_job
        self.jobs: list[Job] = []

    def order(self) -> None:
        chance = self.chance
        cast = chance.choice([CAST, CAST, CAST, OTHER])
        changes = {"cast": cast, "seconds": chance.choice([1, 4, 8]), "audio": chance.random() < 0.7}
        job = self._make_job(
            tenant=chance.choice("aaabcdeü"),
            spec=self._make_job().spec.model_copy(update=changes),
            service_class=chance.choice([*ServiceClass]),
        )
        self.ledger.create(job)
        self.jobs.append(job)

    def work(self) -> None:
        lease = self.ledger.take(self.chance.choice([CAST, OTHER]))
        if lease is None:
            return
        step = self.chance.randint(1, 9)
        self.ledger.progress(lease, Progress(stage=Stage.SAMPLE, step=step, total_steps=10, percent=9))
        match self.chance.randint(0, 5):
            case 0:
                self.ledger.give_back(lease)
            case 1:
                self.ledger.retry(lease, Failure(code="unavailable", message=""))
            case 2:
                self.ledger.fail(lease, Failure(code="x", message=""))

    def leave(self) -> None:
        job = self.chance.choice(self.jobs)
        if self.chance.random() < 0.5:
            self.ledger.delete(job.tenant, job.id)
        elif rows(self.ledger, [job]):
            self.ledger.cancel(job.tenant, job.id)


@pytest.mark.parametrize("seed", range(8))
def test_it_says_what_the_steps_for_one_job_say(
    redis_client: redis.Redis, make_job: MakeJob, seed: int
) -> None:
    rules = Rules(weights=WEIGHTS, batch_share=0.3, max_running_per_tenant=4)
    ledger = Ledger(redis_client, rules=rules)
    crowd = Crowd(ledger, make_job, seed)
    ledger.learn(make_job().spec, TOOK)
    for _ in range(5):
        for _ in range(15):
            crowd.order()
            if crowd.chance.random() < 0.4:
                crowd.work()
        crowd.leave()
        outlook, compared = ledger.outlook(), rows(ledger, crowd.jobs)
        assert compared
        for row in compared:
            one, all_ = ledger.estimate(row), outlook.estimate(row)
            assert all_ is not None
            assert all_.position == one.position
            assert all_.eta_s == (one.eta_s and pytest.approx(one.eta_s))


def test_jobs_are_taken_in_the_order_that_it_says(redis_client: redis.Redis, make_job: MakeJob) -> None:
    ledger = Ledger(redis_client, rules=Rules(weights=WEIGHTS))
    crowd = Crowd(ledger, make_job, 99)
    for _ in range(80):
        crowd.order()
        if crowd.chance.random() < 0.3:
            crowd.work()
    places = ledger.outlook().places
    waiting = [row for row in rows(ledger, crowd.jobs) if row.spec.cast == CAST and row.id in places]
    paused = {job_id.decode() for job_id in redis_client.zrange("moviola:paused", 0, -1)}
    said = sorted((places[row.id].number, row.id) for row in waiting if row.id not in paused)
    assert len(said) > 30
    assert [number for number, _ in said] == list(range(len(said)))
    leases = [ledger.take(CAST) for _ in said]
    assert [lease.job.id for lease in leases if lease] == [job_id for _, job_id in said]


def test_an_empty_ledger_has_none(ledger: Ledger, make_job: MakeJob) -> None:
    outlook = ledger.outlook()
    assert (dict(outlook.crews), dict(outlook.places)) == ({}, {})
    assert outlook.estimate(make_job()) is None


def test_what_came_or_left_the_queue_since_is_not_known(ledger: Ledger, make_job: MakeJob) -> None:
    first, second = make_job(), make_job()
    ledger.create(first)
    outlook = ledger.outlook()
    ledger.create(second)
    assert outlook.estimate(second) is None
    assert ledger.claim(first.id)
    assert ledger.outlook().estimate(first) is None  # whose row was read before the claim
    running = ledger.find(first.id)
    assert running is not None
    assert running.status is Status.IN_PROGRESS
    estimate = outlook.estimate(running)
    assert estimate is not None
    assert estimate.position is None


def test_a_time_is_not_known_behind_a_job_whose_time_is_not(ledger: Ledger, make_job: MakeJob) -> None:
    silent = make_job().spec.model_copy(update={"audio": False})
    jobs = [make_job(spec=silent), make_job(), make_job(spec=silent)]
    for job in jobs:
        ledger.create(job)
    ledger.learn(silent, {stage: seconds for stage, seconds in TOOK.items() if stage is not Stage.SOUND})
    outlook = ledger.outlook()
    estimates = [outlook.estimate(job) for job in jobs]
    assert [estimate.position for estimate in estimates if estimate] == [0, 1, 2]
    assert [estimate.eta_s is None for estimate in estimates if estimate] == [False, True, True]


def test_a_job_that_goes_during_the_look_is_passed_over(
    ledger: Ledger, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [make_job() for _ in range(3)]
    for job in jobs:
        ledger.create(job)
    run = ledger._scripts.run

    def deleting(name: str, *args: str | int | float) -> list[object]:
        if name == "facts":
            ledger.delete("t", jobs[0].id)
        return run(name, *args)

    monkeypatch.setattr(ledger._scripts, "run", deleting)
    assert {job_id: place.number for job_id, place in ledger.outlook().places.items()} == {
        jobs[1].id: 0,
        jobs[2].id: 1,
    }


def test_what_never_changes_of_a_job_is_asked_for_once(
    ledger: Ledger, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    run = ledger._scripts.run

    def noting(name: str, *args: str | int | float) -> list[object]:
        asked.append(name)
        return run(name, *args)

    monkeypatch.setattr(ledger._scripts, "run", noting)
    monkeypatch.setattr("services.jobs.outlook.CHUNK", 2)
    for _ in range(3):
        ledger.create(make_job())
    asked.clear()
    assert len(ledger.outlook().places) == 3
    assert len(ledger.outlook().places) == 3
    assert asked == ["outlook", "facts", "facts", "outlook"]
