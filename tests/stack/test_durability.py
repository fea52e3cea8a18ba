"""What dies is started again, and what was accepted is there after a restart."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import redis

from tests.stack.conftest import Served, completed, content, order, serve, video, wait_for

pytestmark = [pytest.mark.stack, pytest.mark.slow]

STEPS = 80
KILL_AT = 12
SNAPSHOT_EVERY = 5


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A stack to be broken."""
    one = serve(tmp_path_factory.mktemp("broken"), MOVIOLA_LEASE_S="3", MOVIOLA_SNAPSHOT_EVERY_S="0")
    yield one
    one.stop()


@pytest.fixture(scope="module")
def undisturbed(served: Served) -> bytes:
    done = order(served, STEPS)
    completed(served, done)
    return content(served, done)


def sampled(served: Served, video_id: str) -> int:
    found = video(served, video_id)
    return int(found["step"]) if found["stage"] == "sample" else 0


def model_process(served: Served, model: str) -> int:
    """Process id of one of Triton's models."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        words = path.read_bytes().split(b"\0") if path.exists() else []
        if any(word.endswith(f"/{model}/1/model.py".encode()) for word in words):
            pid = int(path.parent.name)
            if os.getpgid(pid) == served.pids()["triton"]:
                return pid
    raise AssertionError(f"no process of {model}")


def lowest_step(
    served: Served, video_id: str, stage: str = "sample", until: Callable[[], bool] = lambda: False
) -> int:
    """The lowest step of a stage that is seen until the film is completed, or ``until`` something else."""
    seen: list[int] = []

    def is_over() -> bool:
        found = video(served, video_id)
        if found["stage"] == stage:
            seen.append(found["step"])
        return found["status"] in ("completed", "failed") or until()

    wait_for(is_over, 90)
    return min(seen)


@pytest.mark.parametrize("part", ["worker", "triton", "video_transformer", "sample_video"])
def test_a_job_whose_maker_is_killed_goes_on_from_its_snapshot(
    served: Served, undisturbed: bytes, part: str
) -> None:
    disturbed = order(served, STEPS)
    wait_for(lambda: sampled(served, disturbed) >= KILL_AT, 60)
    pids = served.pids()
    os.kill(pids[part] if part in pids else model_process(served, part), signal.SIGKILL)
    assert lowest_step(served, disturbed) >= KILL_AT - KILL_AT % SNAPSHOT_EVERY
    completed(served, disturbed)
    assert content(served, disturbed) == undisturbed


@pytest.mark.parametrize("part", ["redis", "gateway"])
def test_a_job_does_not_feel_the_death_of_what_does_not_make_it(
    served: Served, undisturbed: bytes, part: str
) -> None:
    disturbed = order(served, STEPS)
    wait_for(lambda: sampled(served, disturbed) >= KILL_AT, 60)
    killed = served.pids()[part]
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: served.pids()[part] != killed and ready(served), 30)
    assert at(served, disturbed, "sample") >= KILL_AT
    completed(served, disturbed)
    assert content(served, disturbed) == undisturbed


SECONDS = 8
PASSED = 10**6
SEGMENT = 32
GRACE_S, LONG_LEASE_S = 10.0, 600.0


def at(served: Served, video_id: str, stage: str) -> int:
    """Finished units of a stage; 0 before it, and a great many after it."""
    found = video(served, video_id)
    if found["stage"] == stage:
        return int(found["step"])
    stages = ("encode", "sample", "decode", "sound", "mux")
    return 0 if found["stage"] is None or stages.index(found["stage"]) < stages.index(stage) else PASSED


@pytest.fixture(scope="module")
def draining(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A stack that saves as seldom as it does by default: in short loops only when it has to stop."""
    grace, lease = str(GRACE_S), str(LONG_LEASE_S)
    one = serve(tmp_path_factory.mktemp("draining"), MOVIOLA_GRACE_S=grace, MOVIOLA_LEASE_S=lease)
    yield one
    assert one.stop() == 0
    assert sum("worker died (exit code 0)" in line for line in one.lines) == 3


@pytest.fixture(scope="module")
def long_undisturbed(served: Served) -> bytes:
    done = order(served, 2, SECONDS)
    completed(served, done)
    return content(served, done)


def test_a_job_whose_worker_is_killed_goes_on_within_its_stage(
    served: Served, long_undisturbed: bytes
) -> None:
    disturbed = order(served, 2, SECONDS)
    wait_for(lambda: at(served, disturbed, "decode") >= 40, 60)
    os.kill(served.pids()["worker"], signal.SIGKILL)
    reached = at(served, disturbed, "decode")
    lowest = lowest_step(served, disturbed, "decode", lambda: at(served, disturbed, "sound") >= 12)
    assert lowest >= 32
    assert reached - lowest <= SEGMENT
    os.kill(served.pids()["worker"], signal.SIGKILL)
    reached = at(served, disturbed, "sound")
    lowest = lowest_step(served, disturbed, "sound")
    assert lowest >= 10
    assert reached - lowest <= SNAPSHOT_EVERY
    completed(served, disturbed)
    assert content(served, disturbed) == long_undisturbed


def test_a_worker_that_is_asked_to_stop_gives_its_job_back_and_ends(
    draining: Served, undisturbed: bytes, long_undisturbed: bytes
) -> None:
    short, long = order(draining, STEPS), order(draining, 2, SECONDS)
    began = time.monotonic()
    for one, stage in ((short, "sample"), (long, "decode"), (long, "sound")):
        wait_for(lambda one=one, stage=stage: at(draining, one, stage) >= 8, 60)
        worker, reached = draining.pids()["worker"], at(draining, one, stage)
        os.kill(worker, signal.SIGTERM)
        wait_for(lambda worker=worker: draining.pids()["worker"] != worker, GRACE_S)
        assert reached < PASSED
        further = lowest_step(
            draining,
            one,
            stage,
            lambda one=one, stage=stage, last=reached + 1: at(draining, one, stage) > last,
        )
        # No finished step is made again.
        assert further >= (reached - reached % SEGMENT if stage == "decode" else reached)
    for one, film in ((short, undisturbed), (long, long_undisturbed)):
        completed(draining, one)
        assert content(draining, one) == film
    # No lease had to run out for it, and no attempt was counted.
    assert time.monotonic() - began < LONG_LEASE_S
    with redis.Redis.from_url(draining.about()["REDIS_URL"]) as ledger:
        counts = [ledger.hmget(f"moviola:job:{one}", "attempt", "token") for one in (short, long)]
    assert counts == [[b"1", b"2"], [b"1", b"3"]]


def ready(served: Served) -> bool:
    try:
        with served.http() as client:
            return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_each_death_is_said(tmp_path: Path) -> None:
    served = serve(tmp_path)
    pids = served.pids()
    for part in ("redis", "gateway"):
        os.kill(pids[part], signal.SIGKILL)
    os.kill(model_process(served, "text_encoder"), signal.SIGKILL)
    killed = ("redis", "gateway", "triton")
    wait_for(lambda: all(served.pids()[part] != pids[part] for part in killed), 30)
    assert served.stop() == 0
    assert sorted(served.lines[1:]) == [
        "moviola: gateway died (SIGKILL); restarting\n",
        "moviola: redis died (SIGKILL); restarting\n",
        "moviola: stopping\n",
        "moviola: triton lost the process of a model; restarting\n",
    ]


def test_a_second_start_finds_all_jobs_again_whether_the_first_was_stopped_or_killed(tmp_path: Path) -> None:
    first = serve(tmp_path / "data")
    done = order(first, 2)
    film = completed(first, done)
    waiting = [order(first, 40) for _ in range(2)]
    wait_for(lambda: sampled(first, waiting[0]) >= KILL_AT, 60)
    pids = first.pids()
    assert first.stop() == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids.values())

    second = serve(tmp_path / "data", MOVIOLA_LEASE_S="3")
    assert video(second, done) == film
    wait_for(lambda: sampled(second, waiting[0]), 30)
    pids = second.pids()
    second.stop(signal.SIGKILL)
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids.values()), 30)

    third = serve(tmp_path / "data")
    try:
        assert content(third, done)
        films = {content(third, completed(third, one)["id"]) for one in waiting}
        assert len(films) == 1
    finally:
        third.stop(signal.SIGINT)
