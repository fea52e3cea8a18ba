"""The gateway dies around an order, and clients change their minds."""

import time
from concurrent.futures import ThreadPoolExecutor

from tests.chaos.client import Client
from tests.chaos.suite import Case, Run

POINTS = {
    "row": "before the row is written",
    "message": "after the row, before the message",
    "answer": "after the message, before the answer",
}
SHARE = 8


def gateway_killed(with_key: bool) -> Case:
    """SIGKILL to the gateway at each of ``POINTS``; the client asks again: one job."""

    def case(run: Run) -> None:
        with run.stack() as stack:
            client = run.client(stack, with_key=with_key)
            hit = run.some(max(3, run.jobs // SHARE))
            for number, seed in enumerate(hit):
                stack.points.arm(list(POINTS)[number % len(POINTS)], [seed])
            client.order_all(run.seeds)
            # One that died with another's order in hand leaves a row there: then no second one is written.
            run.check(client, all_faults=False)
            run.want(run.outcome.faults > 0, "a gateway was killed")
            run.outcome.notes["answered with the first job"] = client.again
            run.want(client.again > 0, "a repeated order was answered with the first job")

    return case


def gateway_killed_after_the_answer(run: Run) -> None:
    """SIGKILL to the gateway a moment after it said yes."""
    with run.stack() as stack:
        client = run.client(stack)
        stack.points.arm("answered", run.some(max(1, run.jobs // SHARE)))
        client.order_all(run.seeds)
        stack.points.await_all()
        run.check(client)


def changed_minds(run: Run) -> None:
    """Cancel and delete at any moment, also twice, also while workers are killed."""
    with run.stack() as stack:
        client = run.client(stack)
        mind = {seed: run.random.choice(("keep", "cancel", "delete")) for seed in run.seeds}
        hit = [seed for seed in run.some(max(3, run.jobs // 10)) if mind[seed] != "keep"]
        waits = {seed: run.random.uniform(0, 1.5) for seed in run.seeds}
        stack.points.arm("uploaded", hit[::2], "sleep:0.5")
        stack.points.arm("picture-step", hit[1::2])

        def one(seed: int) -> None:
            client.order(seed)
            time.sleep(waits[seed])
            _change(client, seed, mind[seed])

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(one, run.seeds))
        run.check(client, all_faults=False)


def _change(client: Client, seed: int, mind: str) -> None:
    if mind == "cancel":
        client.cancel(seed)
    elif mind == "delete":
        client.delete(seed)


CASES: dict[str, Case] = {
    "gateway killed; retried with a key": gateway_killed(with_key=True),
    "gateway killed; retried as the SDK does": gateway_killed(with_key=False),
    "gateway killed after its answer": gateway_killed_after_the_answer,
    "cancel and delete at any moment": changed_minds,
}
