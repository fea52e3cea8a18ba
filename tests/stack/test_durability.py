"""What dies is started again, and what was accepted is there after a restart."""

import os
import signal
from pathlib import Path

import pytest

from tests.stack.conftest import Served, serve, wait_for

pytestmark = [pytest.mark.stack, pytest.mark.slow]


def order(served: Served, steps: int) -> str:
    fields = {
        "prompt": "a blue ball",
        "size": "256x144",
        "seconds": 1,
        "num_inference_steps": steps,
        "seed": 1,
    }
    with served.http() as client:
        return str(client.post("/v1/videos", json=fields).raise_for_status().json()["id"])


def video(served: Served, video_id: str) -> dict:
    with served.http() as client:
        return client.get(f"/v1/videos/{video_id}").raise_for_status().json()


def content(served: Served, video_id: str) -> bytes:
    with served.http() as client:
        return client.get(f"/v1/videos/{video_id}/content").raise_for_status().content


def completed(served: Served, video_id: str, seconds: float = 90) -> dict:
    def final() -> dict | None:
        found = video(served, video_id)
        return found if found["status"] in ("completed", "failed") else None

    found = wait_for(final, seconds)
    assert found["status"] == "completed", found
    return found


def test_killed_parts_come_back_and_their_job_with_the_same_bytes(tmp_path: Path) -> None:
    served = serve(tmp_path / "data", MOVIOLA_LEASE_S="3")
    try:
        undisturbed = order(served, 60)
        completed(served, undisturbed)
        for part in ("worker", "triton", "redis", "gateway"):
            disturbed = order(served, 60)
            wait_for(lambda one=disturbed: (video(served, one).get("step") or 0) >= 7, 60)
            os.kill(served.pids()[part], signal.SIGKILL)
            wait_for(lambda: _answers(served), 30)
            completed(served, disturbed)
            assert content(served, disturbed) == content(served, undisturbed), part
    finally:
        assert served.stop() == 0


def _answers(served: Served) -> bool:
    try:
        with served.http() as client:
            return client.get("/readyz").status_code == 200
    except OSError:
        return False


def test_a_second_start_finds_all_jobs_again(tmp_path: Path) -> None:
    served = serve(tmp_path / "data")
    done = order(served, 2)
    film = completed(served, done)
    waiting = [order(served, 250) for _ in range(3)]
    assert served.stop() == 0
    again = serve(tmp_path / "data", MOVIOLA_LEASE_S="3")
    try:
        assert video(again, done) == film
        assert content(again, done)
        assert all(video(again, one)["status"] in ("queued", "in_progress") for one in waiting)
        completed(again, waiting[0])
    finally:
        again.stop(signal.SIGINT)
