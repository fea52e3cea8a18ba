from collections.abc import Callable

import pytest

from services.contract.job import Job, Progress, Stage
from services.jobs.history import units
from services.jobs.ledger import Ledger

MakeJob = Callable[..., Job]
TOOK = {Stage.ENCODE: 1.0, Stage.SAMPLE: 40.0, Stage.DECODE: 20.0, Stage.SOUND: 8.0, Stage.MUX: 1.0}


def test_nothing_is_said_before_anything_is_known(ledger: Ledger, make_job: MakeJob) -> None:
    job = make_job()
    ledger.create(job)
    assert ledger.eta_s(job) is None
    ledger.learn(job.spec, {Stage.ENCODE: 1.0})
    assert ledger.eta_s(job) is None


def test_a_like_job_takes_as_long(ledger: Ledger, make_job: MakeJob) -> None:
    job = make_job()
    ledger.create(job)
    ledger.learn(job.spec, TOOK)
    assert ledger.eta_s(job) == pytest.approx(70)
    other_cast = job.model_copy(update={"spec": job.spec.model_copy(update={"cast": "moviegen-30b"})})
    assert ledger.eta_s(other_cast) is None


def test_each_stage_scales_by_its_own_measure(ledger: Ledger, make_job: MakeJob) -> None:
    job = make_job()
    ledger.learn(job.spec, TOOK)
    larger = job.spec.model_copy(update={"seconds": 8, "steps": 30, "audio": False})
    twice = make_job(spec=larger)
    ledger.create(twice)
    assert ledger.eta_s(twice) == pytest.approx(1 + 2 * 3 * 40 + 2 * 20 + 2 * 1)
    size = job.spec.size.model_copy(update={"width": 512, "height": 288})
    upscaled = make_job(spec=job.spec.model_copy(update={"size": size}))
    ledger.delete("t", twice.id)
    ledger.create(upscaled)
    assert ledger.eta_s(upscaled) == pytest.approx(1 + 40 + 4 * 20 + 8 + 4 * 1)


def test_averages_move_towards_what_was_seen_last(ledger: Ledger, make_job: MakeJob) -> None:
    job = make_job()
    ledger.create(job)
    ledger.learn(job.spec, TOOK)
    ledger.learn(job.spec, {stage: 2 * seconds for stage, seconds in TOOK.items()})
    assert ledger.eta_s(job) == pytest.approx(70 * 1.3)


def test_a_running_job_has_what_is_left_of_it(ledger: Ledger, make_job: MakeJob) -> None:
    job = make_job()
    ledger.create(job)
    ledger.learn(job.spec, TOOK)
    lease = ledger.claim(job.id)
    assert lease is not None
    ledger.progress(lease, Progress(stage=Stage.SAMPLE, step=5, total_steps=10, percent=28))
    row = ledger.find(job.id)
    assert row is not None
    assert ledger.eta_s(row) == pytest.approx(20 + 20 + 8 + 1)


def test_a_queued_job_waits_for_those_before_it(ledger: Ledger, make_job: MakeJob) -> None:
    jobs = [make_job() for _ in range(5)]
    for job in jobs:
        ledger.create(job)
    ledger.learn(jobs[0].spec, TOOK)
    assert ledger.eta_s(jobs[4]) == pytest.approx(5 * 70)
    assert ledger.claim(jobs[0].id)
    assert ledger.eta_s(jobs[4]) == pytest.approx(5 * 70)
    assert ledger.claim(jobs[1].id)
    assert ledger.eta_s(jobs[4]) == pytest.approx((2 * 70 + 2 * 70) / 2 + 70)


def test_a_long_queue_counts_by_the_mean_of_its_head(ledger: Ledger, make_job: MakeJob) -> None:
    jobs = [make_job() for _ in range(100)]
    for job in jobs:
        ledger.create(job)
    ledger.learn(jobs[0].spec, TOOK)
    assert ledger.eta_s(jobs[-1]) == pytest.approx(100 * 70)


def test_a_final_job_has_no_estimate(ledger: Ledger, make_job: MakeJob) -> None:
    job = make_job()
    ledger.create(job)
    ledger.learn(job.spec, TOOK)
    assert ledger.eta_s(ledger.cancel("t", job.id)) is None


def test_a_silent_film_has_no_sound_to_make(make_job: MakeJob) -> None:
    spec = make_job().spec
    assert units(spec)[Stage.SOUND] == 4
    assert units(spec.model_copy(update={"audio": False}))[Stage.SOUND] == 0
