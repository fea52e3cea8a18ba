"""The clock by which leases go, that of Redis's machine, is set."""

import time
from collections.abc import Sequence

from tests.chaos import preload, wrong_clock
from tests.chaos.client import Client
from tests.chaos.processes import running
from tests.chaos.suite import Case, NotRun, Run

HOUR_S = 3600


def clock_set(*ahead_s: int) -> Case:
    """The clock goes through ``ahead_s``, each time when a worker has just been killed while others work, one
    of them at a stage that says nothing for two leases. No good job is failed for it, although one loss in
    vain would be enough, and nothing waits until the old time comes again."""

    def case(run: Run) -> None:
        if not preload.has_compiler():
            raise NotRun("there is no C compiler to make a clock with")
        stack = run.stopped(workers=4, MOVIOLA_MAX_ATTEMPTS="1")
        stack.redis_env = wrong_clock.environment(run.folder)
        with running(stack):
            client = run.client(stack)
            silent, *hit = run.some(1 + len(ahead_s))
            stack.points.arm_for_ever("encode", [silent], f"sleep:{2 * run.lease_s}")
            client.order(silent)
            others = [seed for seed in run.seeds if seed not in (silent, *hit)]
            client.meanwhile(others, lambda: _turn(run, client, hit, ahead_s), pause_s=0.5)
            run.check(client, drain_s=40 * run.lease_s)
            run.want(len(hit) == len(ahead_s), "there were jobs enough")

    return case


def _turn(run: Run, client: Client, hit: Sequence[int], ahead_s: Sequence[int]) -> None:
    points = client.stack.points
    for seed, ahead in zip(hit, ahead_s, strict=False):
        points.arm("picture-step", [seed])
        client.order(seed)
        points.await_all()
        points.note("fault", point="clock", seed=-1, action=f"ahead:{ahead}", name="redis")
        wrong_clock.turn(client.stack.folder, ahead)
        # Until those alive have been heard again.
        time.sleep(run.lease_s / 2)


CASES: dict[str, Case] = {
    "redis's clock an hour ahead": clock_set(HOUR_S),
    "redis's clock an hour back": clock_set(-HOUR_S),
    "redis's clock to and fro": clock_set(HOUR_S, 0, HOUR_S, -HOUR_S, HOUR_S),
}
