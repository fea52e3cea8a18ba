from dataclasses import replace

import pytest

from services.contract.errors import GenerationError, InferenceUnavailable, MoviolaError
from services.contract.job import Job, Stage, Status
from services.jobs.ledger import Ledger
from tests.workers.conftest import Stage as FakeTriton
from workers.drain import Drain
from workers.snapshots import Rhythm
from workers.tasks import Desk, work


def found(ledger: Ledger, job: Job) -> Job:
    now = ledger.find(job.id)
    assert now is not None
    return now


def test_a_job_becomes_a_film(desk: Desk, ledger: Ledger, queued: Job) -> None:
    work(queued.id, desk)
    job = found(ledger, queued)
    assert job.status is Status.COMPLETED
    assert job.result is not None
    assert job.result.facts.frames == 16
    assert desk.studio.storage.exists(job.result.video)
    assert job.expires_at is not None


def test_a_second_delivery_does_nothing(desk: Desk, ledger: Ledger, queued: Job, stage: FakeTriton) -> None:
    work(queued.id, desk)
    done = found(ledger, queued)
    work(queued.id, desk)
    assert found(ledger, queued) == done
    assert len(stage.video_orders) == 1


def test_a_message_wakes_and_the_ledger_says_which_job_is_next(
    desk: Desk, ledger: Ledger, queued: Job, stage: FakeTriton
) -> None:
    later = queued.model_copy(update={"id": "video_2"})
    ledger.create(later)
    assert work(later.id, desk)
    assert found(ledger, queued).status is Status.COMPLETED
    assert work(later.id, desk)
    assert found(ledger, later).status is Status.COMPLETED
    assert not work(queued.id, desk)


def test_nothing_is_claimed_while_triton_is_away(
    desk: Desk, ledger: Ledger, queued: Job, stage: FakeTriton
) -> None:
    stage.is_ready = False
    work(queued.id, desk)
    assert found(ledger, queued) == queued


def raising(error: MoviolaError | RuntimeError, at: int):
    def on_step(step: int) -> None:
        if step == at:
            raise error

    return on_step


def test_an_unusable_answer_fails_the_job_with_its_code(
    desk: Desk, ledger: Ledger, queued: Job, stage: FakeTriton
) -> None:
    stage.on_step = raising(GenerationError("not a number"), 3)
    work(queued.id, desk)
    job = found(ledger, queued)
    assert job.status is Status.FAILED
    assert job.failure is not None
    assert (job.failure.code, job.failure.message) == ("generation_failed", "not a number")


def test_an_error_of_ours_fails_the_job_without_details(
    desk: Desk, ledger: Ledger, queued: Job, stage: FakeTriton
) -> None:
    stage.on_step = raising(RuntimeError("secret path"), 3)
    work(queued.id, desk)
    failure = found(ledger, queued).failure
    assert failure is not None
    assert failure.code == "internal_error"
    assert "secret" not in failure.message


def test_when_triton_goes_away_the_job_waits_and_goes_on_from_its_snapshot(
    desk: Desk, ledger: Ledger, queued: Job, stage: FakeTriton, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.jobs.ledger.RETRY_DELAY_MS", 0)
    stage.on_step = raising(InferenceUnavailable("gone"), 5)
    work(queued.id, desk)
    assert found(ledger, queued).status is Status.QUEUED
    stage.on_step = lambda step: None
    work(queued.id, desk)
    assert found(ledger, queued).status is Status.COMPLETED
    # Not from step 4, where the last snapshot was due: the newest latents were saved at the end.
    assert [order.start_step for order in stage.video_orders] == [0, 5]


def test_a_draining_worker_gives_the_job_back_and_takes_no_other(
    desk: Desk, ledger: Ledger, queued: Job, stage: FakeTriton
) -> None:
    stage.on_step = lambda step: desk.drain.begin() if step == 3 else None
    work(queued.id, desk)
    job = found(ledger, queued)
    assert (job.status, job.attempt) == (Status.QUEUED, 0)
    work(queued.id, desk)
    assert len(stage.video_orders) == 1


@pytest.mark.parametrize("loop", ["picture", "sound"])
def test_a_draining_worker_saves_the_newest_step_of_either_loop(
    desk: Desk, ledger: Ledger, queued: Job, stage: FakeTriton, loop: str
) -> None:
    def drain(step: int) -> None:
        if step == 3 and (loop == "picture" or stage.audio_orders):
            desk.drain.begin()

    stage.on_step = drain
    slow = replace(desk, studio=replace(desk.studio, rhythm=Rhythm(steps=5, seconds=3600)))
    work(queued.id, slow)
    assert found(ledger, queued).status is Status.QUEUED
    work(queued.id, replace(slow, drain=Drain(60)))
    assert found(ledger, queued).status is Status.COMPLETED
    orders = stage.video_orders if loop == "picture" else stage.audio_orders
    # The stop is heard of with the step after.
    assert [order.start_step for order in orders] == [0, 4]


def test_a_loop_that_the_draining_worker_interrupts_costs_no_attempt(
    desk: Desk, ledger: Ledger, queued: Job, stage: FakeTriton
) -> None:
    def interrupted(step: int) -> None:
        desk.drain.begin()
        raise InferenceUnavailable("interrupted")

    stage.on_step = interrupted
    work(queued.id, desk)
    job = found(ledger, queued)
    assert (job.status, job.attempt) == (Status.QUEUED, 0)


def test_a_cancel_stops_the_loop_at_the_next_step(
    desk: Desk, ledger: Ledger, queued: Job, stage: FakeTriton
) -> None:
    stage.on_step = lambda step: ledger.cancel("default", queued.id) and None if step == 2 else None
    work(queued.id, desk)
    failure = found(ledger, queued).failure
    assert failure is not None
    assert failure.code == "cancelled"
    assert stage.closed_at == 3


def test_a_deleted_job_does_not_come_back(desk: Desk, ledger: Ledger, queued: Job, stage: FakeTriton) -> None:
    stage.on_step = lambda step: ledger.delete("default", queued.id) and None if step == 2 else None
    work(queued.id, desk)
    assert ledger.find(queued.id) is None


def test_progress_is_told_stage_by_stage(desk: Desk, ledger: Ledger, queued: Job, stage: FakeTriton) -> None:
    seen = []
    stage.on_step = lambda step: seen.append(found(ledger, queued).progress)
    work(queued.id, desk)
    steps = [(one.stage, one.step, one.total_steps) for one in seen if one is not None]
    assert steps[:6] == [(Stage.SAMPLE, n, 6) for n in range(1, 7)]
    assert steps[6][0] is Stage.SOUND
