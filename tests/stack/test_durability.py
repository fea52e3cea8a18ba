"""What dies is started again, and what was accepted is there after a restart."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.stack.conftest import Served, completed, content, order, serve, video, wait_for

pytestmark = [pytest.mark.stack, pytest.mark.slow]

STEPS = 80
KILL_AT = 12
SNAPSHOT_EVERY = 5


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A stack to be broken."""
    one = serve(tmp_path_factory.mktemp("broken"), MOVIOLA_LEASE_S="3")
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


def lowest_step(served: Served, video_id: str) -> int:
    """The lowest step of sampling that is seen until the film is completed."""
    seen: list[int] = []

    def final() -> bool:
        found = video(served, video_id)
        if found["stage"] == "sample":
            seen.append(found["step"])
        return found["status"] in ("completed", "failed")

    wait_for(final, 90)
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
    assert sampled(served, disturbed) >= KILL_AT
    completed(served, disturbed)
    assert content(served, disturbed) == undisturbed


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
