"""Redis, its broker, the engine, the storage and the receivers of webhooks fail."""

import signal
import time

from tests.chaos import preload, slow_disk
from tests.chaos.points import ANY
from tests.chaos.processes import Stack, running
from tests.chaos.suite import Case, NotRun, Run

AWAY_S = 4.0


def redis_killed(run: Run) -> None:
    """SIGKILL to Redis under load; it starts again on its append-only file."""
    with run.stack() as stack:
        client = run.client(stack)
        client.meanwhile(run.seeds, lambda: _kill_redis(run, stack, 4), pause_s=0.1)
        run.check(client)


def redis_away(run: Run) -> None:
    """Redis is dead for some seconds before it starts again."""
    with run.stack() as stack:
        client = run.client(stack)
        client.meanwhile(run.seeds, lambda: _kill_redis(run, stack, 2, AWAY_S), pause_s=0.1)
        run.check(client)


def _kill_redis(run: Run, stack: Stack, times: int, away_s: float = 0.0) -> None:
    for _ in range(times):
        time.sleep(run.random.uniform(0.7, 1.5))
        stack.hold("redis")
        _kill_redis_now(stack)
        time.sleep(away_s)
        stack.hold("redis", held=False)
        stack.await_redis()


def _kill_redis_now(stack: Stack) -> None:
    stack.points.note("fault", point="redis", seed=-1, action="kill", name="redis")
    stack.kill("redis")


def redis_killed_with_a_slow_disk(run: Run) -> None:
    """SIGKILL to Redis while its disk is slow, and an order was just answered."""
    if not preload.has_compiler():
        raise NotRun("there is no C compiler to make a slow disk with")
    stack = run.stopped()
    stack.redis_env = slow_disk.environment(run.folder)
    with running(stack):
        client = run.client(stack)

        def kill() -> None:
            for _ in range(3):
                time.sleep(run.random.uniform(0.7, 1.5))
                stack.points.flag(slow_disk.FLAG)
                # Redis syncs each second, and would answer without writing for two more.
                time.sleep(1.8)
                _kill_redis_now(stack)
                stack.points.flag(slow_disk.FLAG, up=False)
                stack.await_redis()

        client.meanwhile(run.seeds, kill, pause_s=40 / run.jobs)
        run.check(client)


def redis_silent(run: Run) -> None:
    """Connections stay open and nothing comes: Redis is frozen for longer than the timeouts."""
    with run.stack() as stack:
        client = run.client(stack)

        def freeze() -> None:
            for _ in range(2):
                time.sleep(run.random.uniform(0.7, 1.5))
                stack.points.note("fault", point="redis", seed=-1, action="freeze", name="redis")
                stack.signal("redis", signal.SIGSTOP)
                time.sleep(7)
                stack.signal("redis", signal.SIGCONT)

        client.meanwhile(run.seeds, freeze, pause_s=0.1)
        run.check(client)


def redis_late(run: Run) -> None:
    """Gateway and workers start before Redis does."""
    stack = run.stopped()
    try:
        stack.start(with_redis=False)
        client = run.client(stack)

        def come() -> None:
            time.sleep(AWAY_S)
            stack.points.note("fault", point="redis", seed=-1, action="late", name="redis")
            stack.hold("redis", held=False)

        client.meanwhile(run.seeds, come)
        run.check(client)
    finally:
        stack.stop()


def broker_flushed(run: Run) -> None:
    """Everything that the broker has in Redis is deleted, again and again; the ledger stays."""
    with run.stack() as stack, stack.redis() as connection:
        client = run.client(stack)

        def flush() -> None:
            for _ in range(6):
                time.sleep(run.random.uniform(0.3, 0.8))
                patterns = ("moviola:queue:*", "unacked*", "_kombu*")
                keys = [key for pattern in patterns for key in connection.keys(pattern)]
                stack.points.note("fault", point="broker", seed=-1, action="flush", name="redis")
                if keys:
                    connection.delete(*keys)

        client.meanwhile(run.seeds, flush, pause_s=0.1)
        flush()
        run.check(client)


def two_sweepers(run: Run) -> None:
    """All workers sweep at once, as if the leader's lock did not hold, while workers die."""
    with run.stack(workers=3, CHAOS_TWO_LEADERS="1", MOVIOLA_SWEEP_EVERY_S="0.2") as stack:
        client = run.client(stack)
        hit = run.some(max(2, run.jobs // 10))
        stack.points.arm("picture-step", hit)
        client.order_all(run.seeds)
        run.check(client)


def engine_flag(flag: str, away_s: float) -> Case:
    """The engine is away, silent or failing for ``away_s``, twice."""

    def case(run: Run) -> None:
        with run.stack() as stack:
            client = run.client(stack)
            client.meanwhile(run.seeds, lambda: _flag(run, stack, flag, away_s), pause_s=0.1)
            run.check(client)

    return case


def engine_unavailable_at_steps(run: Run) -> None:
    """A call of the engine fails in the midst of a loop; the job goes on from there."""
    with run.stack() as stack:
        client = run.client(stack)
        hit = run.some(max(2, run.jobs // SHARE))
        for point in ("picture-step", "sound-step"):
            stack.points.arm(point, hit, "unavailable")
        client.order_all(run.seeds)
        run.check(client)
        run.want(run.outcome.resumed == len(hit), "each of them was taken up again")
        run.want(run.outcome.recomputed == 0, "no step was made again")


SHARE = 8


def storage_refuses(run: Run) -> None:
    """The commit of a film finds that its bytes were not taken."""
    with run.stack() as stack:
        client = run.client(stack)
        hit = run.some(max(2, run.jobs // SHARE))
        stack.points.arm("encode", hit, "refused")
        stack.points.arm("uploaded", hit, "refused")
        client.order_all(run.seeds)
        run.check(client)


def disk_full(run: Run) -> None:
    """Every write breaks off half way for some seconds, twice."""
    with run.stack() as stack:
        client = run.client(stack)
        client.meanwhile(run.seeds, lambda: _flag(run, stack, "disk-full", AWAY_S), pause_s=0.1)
        run.check(client)


def _flag(run: Run, stack: Stack, flag: str, away_s: float) -> None:
    for _ in range(2):
        time.sleep(run.random.uniform(0.5, 1.5))
        stack.points.note("fault", point=flag, seed=-1, action="flag")
        stack.points.flag(flag)
        time.sleep(away_s)
        stack.points.flag(flag, up=False)


def receiver_down(run: Run) -> None:
    """The receiver of webhooks answers 503 for a while."""
    with run.stack() as stack:
        client = run.client(stack)
        until = time.monotonic() + AWAY_S + 3
        run.receiver.answer = lambda number: 204 if time.monotonic() > until else 503
        client.order_all(run.seeds)
        run.check(client)
        run.outcome.faults = len(run.receiver.received) - run.outcome.accepted
        run.want(run.outcome.faults > 0, "some calls were refused")


def killed_after_the_receivers_answer(run: Run) -> None:
    """SIGKILL between a receiver's answer and the note of it: it is told again, under the same id."""
    kills = 2
    with run.stack() as stack:
        client = run.client(stack)
        for seed in run.seeds:
            if seed < kills:
                stack.points.arm("told", [ANY])
            client.order(seed)
            stack.points.await_all()
        run.check(client)
        run.want(len(run.receiver.received) > run.jobs, "something was told twice")


CASES: dict[str, Case] = {
    "redis killed under load": redis_killed,
    "redis killed, its disk slow": redis_killed_with_a_slow_disk,
    "redis dead for 4 s": redis_away,
    "redis silent past the timeouts": redis_silent,
    "redis down at start": redis_late,
    "broker keys flushed": broker_flushed,
    "sweepers all at once, workers killed": two_sweepers,
    "engine not ready for 4 s": engine_flag("engine-down", AWAY_S),
    "engine silent for 5 s": engine_flag("engine-hangs", 5.0),
    "engine failing for 4 s": engine_flag("engine-fails", AWAY_S),
    "engine fails amid a loop": engine_unavailable_at_steps,
    "storage refuses": storage_refuses,
    "disk full for 4 s": disk_full,
    "webhook receiver down for 7 s": receiver_down,
    "worker killed: receiver answered": killed_after_the_receivers_answer,
}
