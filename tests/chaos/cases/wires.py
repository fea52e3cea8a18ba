"""Connections that nobody hears any more: no end, no error, as when the other machine has vanished."""

import time

from tests.chaos.processes import Stack, running
from tests.chaos.suite import Case, Run

TIMES = 3


def silent_wires(name: str) -> Case:
    """All connections of ``name`` to Redis fall silent, again and again, under load; new ones are heard."""

    def case(run: Run) -> None:
        stack = run.stopped(CHAOS_STEP_S="0.05")
        stack.wired = [name]
        with running(stack):
            client = run.client(stack)
            busy: list[int] = []
            client.meanwhile(run.seeds, lambda: _cut(run, stack, name, busy), pause_s=0.1)
            run.check(client)
            run.want(any(busy), "a job was being made")

    return case


def _cut(run: Run, stack: Stack, name: str, busy: list[int]) -> None:
    for _ in range(TIMES):
        time.sleep(run.random.uniform(0.7, 1.5))
        with stack.redis() as ledger:
            busy.append(ledger.zcard("moviola:running"))
        stack.points.note("fault", point="wire", seed=-1, action="silence", name=name)
        stack.fall_silent(name)
        # By then there are new ones, which fall silent, too.
        time.sleep(7)


CASES: dict[str, Case] = {
    "workers' connections fall silent": silent_wires("workers"),
    "gateway's connections fall silent": silent_wires("gateway"),
}
