import itertools
from collections.abc import Callable

import pytest
import redis

from services.contract.cast import Size
from services.contract.job import Facts, Job, Result, Status
from services.contract.spec import Spec
from services.jobs.ledger import Ledger

MakeJob = Callable[..., Job]


@pytest.fixture
def ledger(redis_client: redis.Redis) -> Ledger:
    return Ledger(redis_client, lease_s=10)


@pytest.fixture
def make_job() -> MakeJob:
    numbers = itertools.count(1)

    def make(**changes: object) -> Job:
        spec = Spec(
            model="sora-2",
            cast="moviegen-mini",
            task="text",
            prompt="ein roter Ball, \N{HEAVY BLACK HEART}",
            negative_prompt="",
            size=Size(width=256, height=144, base_width=256, base_height=144),
            seconds=4,
            fps=16,
            seed=2**53 - 1,
            steps=10,
            guidance=7.5,
            audio=True,
            audio_prompt=None,
        )
        job = Job(
            id=f"video_{next(numbers):04}", tenant="t", spec=spec, status=Status.QUEUED, created_at=1234.5678
        )
        return job.model_copy(update=changes)

    return make


@pytest.fixture
def result(facts: Facts) -> Result:
    return Result(video="videos/a/1/video.mp4", thumbnail="t", spritesheet="s", facts=facts)


@pytest.fixture
def lose_worker(redis_client: redis.Redis) -> Callable[[str], None]:
    """Lets the lease of a running job run out."""

    def lose(job_id: str) -> None:
        assert redis_client.zadd("moviola:running", {job_id: 0}, xx=True, ch=True) == 1

    return lose
