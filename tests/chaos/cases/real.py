"""The real stack with Triton and ``moviegen-mini``: a disturbed film has the bytes of one left alone."""

import os
import signal
import subprocess
import time
from typing import Any

from services.local.ports import free_ports
from services.local.stack import ROOT
from services.local.supervisor import Supervisor
from services.local.triton import triton_part
from tests.chaos.proxy import wire
from tests.chaos.suite import Case, Run
from tests.stack.conftest import Served, content, order, serve, video

STEPS = 40
KILL_AT = 12
SECONDS = 8
"""Of a film whose decoding lasts long enough to be disturbed."""
SNAPSHOT_EVERY = 5
PARTS = ("worker", "triton", "worker", "redis")
"""Who is killed, one film after the other."""


def resumed(run: Run) -> None:
    """SIGKILL to worker, Triton and Redis in the midst of sampling."""
    served = serve(run.folder / "data", MOVIOLA_SNAPSHOT_EVERY_S="0")
    try:
        first = order(served, STEPS)
        _final(served, first)
        whole = content(served, first)
        run.outcome.accepted = run.outcome.completed = 1
        for part in PARTS:
            _disturb(run, served, part, whole)
    finally:
        served.stop()


def unheard(run: Run) -> None:
    """All connections between worker and Triton fall silent in the midst of sampling, then of decoding."""
    (run.folder / "logs").mkdir()
    grpc, http, metrics = free_ports(3)
    triton = Supervisor(run.folder / "logs", print)
    try:
        triton.start([triton_part(ROOT / "model_repo", run.folder / "triton", (grpc, http, metrics))])
        with wire(f"127.0.0.1:{grpc}") as (url, process):
            served = serve(run.folder / "data", MOVIOLA_SNAPSHOT_EVERY_S="0", TRITON_URL=url)
            try:
                _cut_amid(run, served, process)
            finally:
                served.stop()
    finally:
        triton.stop()


def _cut_amid(run: Run, served: Served, wire: subprocess.Popen[bytes]) -> None:
    outcome = run.outcome
    for steps, seconds, stage, at in ((STEPS, 1, "sample", KILL_AT), (2, SECONDS, "decode", 40)):
        first = order(served, steps, seconds)
        _final(served, first)
        whole, one = content(served, first), order(served, steps, seconds)
        outcome.accepted += 2
        outcome.completed += 1
        reached = _reach(served, one, at, stage=stage)
        wire.send_signal(signal.SIGUSR1)
        outcome.faults += 1
        if stage == "sample":
            lowest, _ = _follow(served, one, time.monotonic())
            outcome.recomputed += max(0, reached - lowest)
            outcome.excess += reached - lowest > SNAPSHOT_EVERY
        _judge(run, served, one, whole)


def _judge(run: Run, served: Served, video_id: str, whole: bytes) -> None:
    found = _final(served, video_id)
    run.outcome.resumed += 1
    run.outcome.completed += found["status"] == "completed"
    run.outcome.lost += found["status"] != "completed"
    run.outcome.damaged += found["status"] == "completed" and content(served, video_id) != whole


def _disturb(run: Run, served: Served, part: str, whole: bytes) -> None:
    outcome, one = run.outcome, order(served, STEPS)
    outcome.accepted += 1
    reached = _reach(served, one, KILL_AT)
    os.kill(served.pids()[part], signal.SIGKILL)
    killed_at = time.monotonic()
    outcome.faults += 1
    lowest, recovered_s = _follow(served, one, killed_at)
    outcome.recomputed += max(0, reached - lowest)
    outcome.excess += reached - lowest > SNAPSHOT_EVERY
    if part != "redis":
        outcome.recoveries_s.append(recovered_s)
    _judge(run, served, one, whole)


def _reach(served: Served, video_id: str, step: int, within_s: float = 60.0, *, stage: str = "sample") -> int:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        found = video(served, video_id)
        if found["stage"] == stage and found["step"] >= step:
            return int(found["step"])
        time.sleep(0.02)
    raise TimeoutError(f"{video_id} does not come to step {step}")


def _follow(served: Served, video_id: str, since: float) -> tuple[int, float]:
    """The lowest step seen from now on, and the seconds until it was made further."""
    lowest, first = 10**6, 0.0
    version = None
    while True:
        found = _asked(served, video_id)
        if found is not None and found["stage"] == "sample":
            lowest = min(lowest, int(found["step"]))
            now = (found["status"], found["step"])
            if version is not None and now != version and not first:
                first = time.monotonic() - since
            version = now
        if found is not None and (found["status"] in ("completed", "failed") or found["stage"] == "decode"):
            return lowest, first or time.monotonic() - since
        time.sleep(0.05)


def _asked(served: Served, video_id: str) -> dict[str, Any] | None:
    """The video, or None while nobody can say."""
    with served.http() as client:
        answer = client.get(f"/v1/videos/{video_id}")
    return answer.json() if answer.status_code == 200 else None


def _final(served: Served, video_id: str, within_s: float = 120.0) -> dict[str, Any]:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        found = _asked(served, video_id)
        if found is not None and found["status"] in ("completed", "failed"):
            return found
        time.sleep(0.2)
    return {"status": "stuck"}


CASES: dict[str, Case] = {
    "real Triton: maker killed amid a film": resumed,
    "real Triton: its connections fall silent": unheard,
}
