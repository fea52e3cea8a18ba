"""Workers die, freeze, and are asked to stop."""

import signal
import time

from tests.chaos.points import ANY
from tests.chaos.processes import Stack
from tests.chaos.suite import Case, Run

POINTS = {
    "taken": "as soon as it took a job",
    "encode": "after the text",
    "picture-step": "at two thirds of the picture's steps",
    "tile-2": "in the second segment of the picture",
    "sound-step": "at two thirds of the sound's steps",
    "mux": "while it muxes and uploads",
    "uploaded": "after upload, before the commit",
    "committed": "after the commit, before the acknowledgement",
}
SHARE = 8
"""One job in so many is hit."""


def killed_at(point: str) -> Case:
    """SIGKILL to the worker that brings a job to ``point``."""

    def case(run: Run) -> None:
        with run.stack() as stack:
            client = run.client(stack, seconds=4 if point.startswith("tile") else 1)
            hit = run.some(max(2, run.jobs // SHARE))
            stack.points.arm(point, hit)
            client.order_all(run.seeds)
            run.check(client)
            run.want(run.outcome.faults == len(hit), "each chosen job was hit once")
            if point != "committed":
                run.want(run.outcome.resumed >= len(hit), "each of them was taken up again")

    return case


def killed_at_random(run: Run) -> None:
    """SIGKILL to any worker at any moment, under load."""
    kills = max(2, run.jobs // SHARE)
    with run.stack() as stack:
        client = run.client(stack)

        def kill() -> None:
            for _ in range(kills):
                time.sleep(run.random.uniform(0.5, 1.5))
                name = run.random.choice(stack.worker_names)
                stack.points.note("fault", point="any", seed=-1, action="kill", name=name)
                stack.kill(name)

        client.meanwhile(run.seeds, kill, pause_s=0.1)
        run.check(client)


def killed_all_at_once(run: Run) -> None:
    """SIGKILL to every process but Redis, as when a machine is lost."""
    with run.stack() as stack:
        client = run.client(stack)

        def kill() -> None:
            for _ in range(2):
                time.sleep(run.random.uniform(1.0, 2.0))
                for name in (*stack.worker_names, "gateway"):
                    stack.points.note("fault", point="any", seed=-1, action="kill", name=name)
                    stack.kill(name)

        client.meanwhile(run.seeds, kill, pause_s=0.1)
        run.check(client)


def lost_between_fetch_and_record(run: Run) -> None:
    """SIGKILL after the broker gave a message away and before it was recorded: no copy of it is left."""
    kills = max(2, run.jobs // SHARE)
    with run.stack() as stack:
        client = run.client(stack)
        for seed in run.seeds[kills:]:
            client.order(seed)
        for seed in run.seeds[:kills]:
            stack.points.arm("fetched", [ANY])
            client.order(seed)
            stack.points.await_all()
        run.check(client)
        run.want(run.outcome.faults == kills, "a message was lost each time")


def frozen_past_the_lease(run: Run) -> None:
    """SIGSTOP right before the commit, SIGCONT when another has made the film: the commit is refused."""
    hit = run.some(max(1, run.jobs // 20))
    with run.stack(workers=len(hit) + 1) as stack:
        client = run.client(stack)
        stack.points.arm("uploaded", hit, "stop")
        client.order_all(run.seeds)
        deadline = time.monotonic() + 20 * run.lease_s
        while time.monotonic() < deadline:
            again = {event["seed"] for event in stack.points.events("committed")}
            if set(hit) <= again:
                break
            time.sleep(0.1)
        for name in stack.worker_names:
            stack.signal(name, signal.SIGCONT)
        time.sleep(1.0)
        run.check(client)
        refused = [event["seed"] for event in stack.points.events("refused")]
        run.outcome.notes["commits refused"] = len(refused)
        run.want(sorted(refused) == hit, "the late commits were refused")


def drained(run: Run) -> None:
    """SIGTERM to the workers in turn, with time enough for a snapshot."""
    with run.stack(MOVIOLA_GRACE_S="20") as stack:
        client = run.client(stack)
        client.meanwhile(run.seeds, lambda: _stop_in_turn(run, stack, 6), pause_s=0.1)
        run.check(client)
        run.want(run.outcome.excess == 0, "no more than a snapshot interval was made again")


def drained_in_no_time(run: Run) -> None:
    """SIGTERM while a stage is deaf for longer than the grace: the job goes back all the same."""
    hit = run.some(max(2, run.jobs // 20))
    with run.stack(MOVIOLA_GRACE_S="1", MOVIOLA_LEASE_S="60") as stack:
        client = run.client(stack)
        stack.points.arm("picture-step", hit, "sleep:8")
        client.meanwhile(run.seeds, lambda: _stop_the_deaf(stack, len(hit)))
        # With a lease of a minute, nothing but the giving back can be in time.
        run.check(client, drain_s=40)


def _stop_in_turn(run: Run, stack: Stack, times: int) -> None:
    for number in range(times):
        time.sleep(run.random.uniform(0.8, 1.6))
        name = stack.worker_names[number % len(stack.worker_names)]
        stack.points.note("fault", point="any", seed=-1, action="term", name=name)
        stack.signal(name, signal.SIGTERM)


def _stop_the_deaf(stack: Stack, count: int) -> None:
    told: set[int] = set()
    deadline = time.monotonic() + 60
    while len(told) < count and time.monotonic() < deadline:
        deaf = {event["pid"] for event in stack.points.events("fault")} - told
        for name in stack.worker_names:
            pid = stack.pid(name)
            if pid is not None and pid in deaf:
                stack.signal(name, signal.SIGTERM)
                told.add(pid)
        time.sleep(0.1)


def poison(run: Run) -> None:
    """A job that kills every worker that takes it fails by itself; the others flow on."""
    bad = run.some(max(1, run.jobs // 20))
    with run.stack() as stack:
        client = run.client(stack)
        stack.points.arm_for_ever("encode", bad)
        client.order_all(run.seeds)
        run.check(client, failing=dict.fromkeys(bad, "worker_lost"), drain_s=240)
        kills = len(stack.points.events("fault"))
        run.want(kills == 3 * len(bad), f"each was tried three times ({kills} kills)")


def wrong_clocks(run: Run) -> None:
    """The workers' wall clocks are an hour off, one ahead and one behind, and one of them is killed."""
    each = {0: {"CHAOS_CLOCK_S": "3600"}, 1: {"CHAOS_CLOCK_S": "-3600"}}
    with run.stack(each=each) as stack:
        client = run.client(stack)
        hit = run.some(2)
        stack.points.arm("picture-step", hit)
        client.order_all(run.seeds)
        run.check(client)


def silent_longer_than_the_lease(run: Run) -> None:
    """A stage says nothing for two leases, each time: the heartbeat holds the job, and it is made once."""
    hit = run.some(max(2, run.jobs // 20))
    with run.stack() as stack:
        client = run.client(stack)
        stack.points.arm_for_ever("tile-0", hit, f"sleep:{2 * run.lease_s}")
        client.order_all(run.seeds)
        run.check(client, drain_s=40 * run.lease_s)
        run.want(run.outcome.resumed == 0, "nobody else took a job")


CASES: dict[str, Case] = {
    **{f"worker killed: {point}": killed_at(point) for point in POINTS},
    "worker killed: between fetch and record": lost_between_fetch_and_record,
    "worker killed: any moment": killed_at_random,
    "all but redis killed at once": killed_all_at_once,
    "worker frozen past its lease": frozen_past_the_lease,
    "stage silent past the lease": silent_longer_than_the_lease,
    "drain, grace longer than needed": drained,
    "drain, stage deaf past the grace": drained_in_no_time,
    "poison job": poison,
    "workers' clocks an hour off": wrong_clocks,
}
