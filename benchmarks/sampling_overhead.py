"""The sampling loop through Triton against the same generator in one process, on the same threads.

Rounds of both alternate, and the fastest of each counts, so that a busy machine disturbs both alike.
Prints the time of a step and their ratio. Starts an embedded Triton unless TRITON_URL names one here.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from services.contract import tensors
from services.contract.cast import TASKS
from services.engines.session import Session
from services.inference.client import Inference
from services.inference.orders import VideoOrder
from services.local.ports import free_ports
from services.local.supervisor import Supervisor
from services.local.triton import triton_part
from services.sampling.arrays import Array, Floats, Network
from services.sampling.layout import sample_layout
from services.sampling.loop import Course, portrait, sample_video

REPOSITORY = Path(__file__).parents[1] / "model_repo"


@contextmanager
def running_triton() -> Iterator[str]:
    """gRPC host:port of a Triton."""
    if "TRITON_URL" in os.environ:
        yield os.environ["TRITON_URL"]
        return
    with tempfile.TemporaryDirectory() as folder:
        grpc, http, metrics = free_ports(3)
        supervisor = Supervisor(Path(folder), print)
        try:
            supervisor.start([triton_part(REPOSITORY, Path(folder), (grpc, http, metrics))])
            yield f"127.0.0.1:{grpc}"
        finally:
            supervisor.stop()


def velocity(session: Session) -> Network:
    """What a loop runs its network through."""

    def network(inputs: Mapping[str, Array]) -> Floats:
        answer: Floats = session.run(inputs)[tensors.VELOCITY]
        return answer

    return network


def seconds(run: Callable[[], object]) -> float:
    """Time that ``run`` takes."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    threads = int(os.environ.get("MOVIOLA_THREADS", 0)) or len(os.sched_getaffinity(0))
    draw, plan = (
        Session(REPOSITORY / name / "1" / "model.onnx", threads=threads)
        for name in (tensors.VIDEO_TRANSFORMER, tensors.LAYOUT_TRANSFORMER)
    )
    taken = {given.name: given.shape for given in draw.inputs}
    with running_triton() as url, Inference(url, shared_memory=True) as inference:
        text, mask = inference.encode_text([[1, 2, 0, 0], [1, 4, 5, 2]])
        size = (-(-options.frames // 8), 18, 32)
        order = VideoOrder(text=text, text_mask=mask, shape=size, seed=1, steps=options.steps, guidance=5.0)
        course = Course(text, mask, seed=1, steps=options.steps, guidance=5.0)

        shape = (int(taken[tensors.LATENTS][1]), *size)
        nobody = portrait(tuple(int(dim) for dim in taken[tensors.CHARACTER][1:]), None)
        text_task = TASKS.index("text")

        def in_one_process() -> None:
            layout = sample_layout(velocity(plan), course, shape, task=text_task)
            list(sample_video(velocity(draw), course, shape, task=text_task, character=nobody, layout=layout))

        runs: dict[str, Callable[[], object]] = {
            "one process": in_one_process,
            "Triton": lambda: list(inference.sample_video(order)),
        }
        best = dict.fromkeys(runs, float("inf"))
        list(inference.sample_video(replace(order, steps=1)))
        for _ in range(options.rounds):
            for name, run in runs.items():
                best[name] = min(best[name], seconds(run) / options.steps)
    print(f"{options.frames} frames of 256x144, both rows of the guidance, {threads} threads")
    for name, step_s in best.items():
        print(f"{name:12}{step_s * 1000:8.1f} ms a step")
    print(f"Triton / one process = {best['Triton'] / best['one process']:.3f}")


if __name__ == "__main__":
    main()
