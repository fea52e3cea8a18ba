"""Versions side by side, as in a rolling update, and networks that are replaced while films are made."""

import time
from collections import defaultdict

from tests.chaos.engine import NEW_WEIGHTS, NEXT
from tests.chaos.processes import Stack
from tests.chaos.suite import Case, Run
from tests.chaos.versions import ENV, THIS

POINTS = ("picture-step", "tile-2", "sound-step")
BOTH = (0, NEXT)
SHARE = 8


def mixed_versions(run: Run) -> None:
    """Workers and gateway are replaced one by one by the next version's, and back again; meanwhile workers of
    both are killed at work. What one version wrote the other reads, or does again; no film is of both."""
    with run.stack(workers=3, CHAOS_STEP_S="0.02") as stack:
        client = run.client(stack, seconds=4)
        hit = run.some(max(len(POINTS), run.jobs // SHARE))
        for number, seed in enumerate(hit):
            stack.points.arm(POINTS[number % len(POINTS)], [seed])
        client.meanwhile(run.seeds, lambda: _roll(run, stack), pause_s=0.2)
        run.check(client, weights=BOTH)
        versions = defaultdict(set)
        for event in stack.points.events("taken"):
            versions[event["seed"]].add(event["version"])
        both = sum(len(known) > 1 for known in versions.values())
        run.outcome.notes["made by both, one after the other"] = both
        run.want(both > 0, "a job went from one version to the other")


def _roll(run: Run, stack: Stack) -> None:
    for name, env in (
        *((name, ENV) for name in ("worker-0", "gateway", "worker-1", "worker-2")),
        *((name, THIS) for name in ("gateway", "worker-1", "worker-0")),
    ):
        time.sleep(run.random.uniform(1.5, 2.5))
        stack.points.note("fault", point="update", seed=-1, action=env["CHAOS_VERSION"], name=name)
        stack.replace(name, **env)


def networks_replaced(run: Run) -> None:
    """Networks are replaced while some films' workers are dead and others are in the midst of a call."""
    with run.stack() as stack:
        client = run.client(stack, seconds=4)
        hit = run.some(max(3, run.jobs // SHARE))
        # The last is deaf while they are replaced: at least that one finds others when it is done.
        *killed, deaf = hit
        stack.points.arm("picture-step", killed[::2])
        stack.points.arm("tile-2", killed[1::2])
        stack.points.arm("tile-2", [deaf], "sleep:3")
        client.order_all(run.seeds)
        stack.points.await_all()
        stack.points.note("fault", point="update", seed=-1, action="weights", name="engine")
        stack.points.flag(NEW_WEIGHTS)
        run.check(client, weights=BOTH)
        run.want(run.outcome.resumed >= len(hit), "each of them was taken up again")


CASES: dict[str, Case] = {
    "mixed versions": mixed_versions,
    "networks replaced amid films": networks_replaced,
}
