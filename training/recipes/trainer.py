"""What all recipes share: networks, optimizers, averaged weights, a step, progress lines."""

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from services.families.moviegen import casts
from training.recipes import memory
from training.recipes.files import read_weights, write_weights
from training.recipes.journal import Journal
from training.recipes.lean import lean
from training.recipes.memory import Memory
from training.recipes.optimizers import Optimizers, Schedule
from training.recipes.order import CAST, Order
from training.recipes.pace import Pace

REPORT_S = 5.0
# Steps after which the weights are looked at: those of a loss that became infinite are taken back.
LOOK_EVERY = 50

__all__ = ["Schedule", "Trainer", "autocast", "prepare"]


def prepare(order: Order, few_shapes: bool = False) -> None:
    """Settings of torch for the device; where batches have few shapes, convolutions are tuned to them."""
    torch.manual_seed(order.seed)
    torch.set_float32_matmul_precision("high")
    left = max(1, (os.cpu_count() or 2) - order.workers + 1)
    torch.set_num_threads(order.threads or (2 if order.on_gpu else left))
    if order.on_gpu:
        # What is fastest is found by measuring, and sums in no fixed order are faster.
        torch.backends.cudnn.benchmark = few_shapes and order.by_clock
        torch.use_deterministic_algorithms(not order.by_clock, warn_only=True)
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    if order.compile:
        # A block that cannot be compiled runs as it is.
        torch._dynamo.config.suppress_errors = True
        torch._dynamo.config.recompile_limit = 64


def autocast(order: Order) -> torch.autocast:
    """bfloat16 for matrices and convolutions, where the device has instructions for it."""
    if order.on_gpu:
        return torch.autocast("cuda", dtype=torch.bfloat16)
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=torch.cpu._is_avx512_bf16_supported())


class Trainer:
    """Trains networks together, a step at a time; keeps an average of their weights."""

    def __init__(
        self, order: Order, names: tuple[str, ...], schedule: Schedule, aside: nn.Module | None = None
    ) -> None:
        """`aside` is trained with the networks and belongs to no file."""
        self.order, self.schedule = order, schedule
        self.pace, self.journal = Pace(order), Journal(order.work, order.recipe)
        self.networks: dict[str, nn.Module] = {}
        for name in names:
            network = casts.build(CAST, name)
            if order.checkpoint(name).exists():
                changed = read_weights(order.checkpoint(name), network)
                self.journal.write(
                    resumed=name, **{how: ", ".join(parts) for how, parts in changed.items() if parts}
                )
            lean(network)
            self.networks[name] = network.to(order.device).train()
        trained = [*self.networks.values(), *([aside] if aside is not None else [])]
        self.weights = [w for network in trained for w in network.parameters()]
        self.average = [w.detach().clone() for w in self.weights]
        self.safe = [w.clone() for w in self.average]
        self.optimizers = self._fresh_optimizers()
        self.shrink = 1.0
        self.total, self.unseen = (torch.zeros((), device=order.device) for _ in range(2))
        self.counted, self.reported = 0, time.monotonic()
        self.worked = time.monotonic()
        self.extras: dict[str, float | Tensor] = {}

    def _fresh_optimizers(self) -> Optimizers:
        return Optimizers(self.schedule, self.networks.values(), self.weights, fused=self.order.on_gpu)

    def clear(self) -> None:
        """Forget the gradients."""
        for weight in self.weights:
            weight.grad = None

    def restart_average(self) -> None:
        """The average begins again with the weights as they are now."""
        with torch.no_grad():
            torch._foreach_copy_(self.average, [w.detach() for w in self.weights])
            torch._foreach_copy_(self.safe, self.average)

    def restart_clock(self) -> None:
        """What is left of the run has the time from now on."""
        self.pace.restart()
        self.reported = self.worked = time.monotonic()

    def step(self, loss_of: Callable[[], Tensor]) -> None:
        """One step down the loss. Where memory does not do, `shrink` falls and the step is left out."""
        self.clear()
        try:
            loss = loss_of()
            loss.backward()  # type: ignore[no-untyped-call]
        except torch.OutOfMemoryError:
            self.shrink *= 0.7
            torch.cuda.empty_cache()
            self.journal.write(out_of_memory=self.shrink)
            return
        torch.nn.utils.clip_grad_norm_(self.weights, self.schedule.clip)
        self.optimizers.step(self.pace.part)
        self.pace.advance()
        steps = self.pace.step
        decay = min(self.schedule.decay, (1 + steps) / (10 + steps))
        with torch.no_grad():
            torch._foreach_lerp_(self.average, [w.detach() for w in self.weights], 1.0 - decay)
        self.total += loss.detach()
        self.unseen += loss.detach()
        self.counted += 1
        self._rest()
        if steps % LOOK_EVERY == 0:
            self.look()
        if time.monotonic() - self.reported > REPORT_S:
            self.report()

    def note(self, **facts: float | Tensor) -> None:
        """Facts for the next progress line; tensors are read when it is written."""
        self.extras |= facts

    def report(self) -> None:
        """A progress line."""
        now, loss = time.monotonic(), float(self.total / max(self.counted, 1))
        rate = self.counted / max(now - self.reported, 1e-9)
        memory = torch.cuda.max_memory_allocated() / 2**30 if self.order.on_gpu else 0.0
        left = {} if self.pace.steps is not None else {"left_s": self.pace.left_s}
        self.journal.progress(
            self.pace.part, step=self.pace.step, loss=loss, steps_per_s=rate, **left,
            lr=self.optimizers.rate, memory_gib=memory, **{name: float(v) for name, v in self.extras.items()},
        )  # fmt: skip
        self.total.zero_()
        self.counted, self.reported = 0, now

    def look(self) -> None:
        """Where the loss has become infinite, go back to the last good weights."""
        good = math.isfinite(float(self.unseen))
        self.unseen.zero_()
        with torch.no_grad():
            torch._foreach_copy_(self.safe if good else self.average, self.average if good else self.safe)
            if not good:
                torch._foreach_copy_([w.detach() for w in self.weights], self.safe)
        if not good:
            self.optimizers = self._fresh_optimizers()
            self.journal.write(event="went back to the last good weights")

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """The networks with their averaged weights, for measuring and for files.

        What is drawn by chance meanwhile makes no difference to the training.
        """
        live = [w.detach().clone() for w in self.weights]
        states = memory.chances(self.order.device)
        with torch.no_grad():
            torch._foreach_copy_([w.detach() for w in self.weights], self.average)
            yield
            torch._foreach_copy_([w.detach() for w in self.weights], live)
        memory.take_chances(states, self.order.device)

    def save(self, name: str, buffers: Mapping[str, Tensor] | None = None) -> None:
        """Write a network's averaged weights, with other buffers than its own if given."""
        with self.averaged():
            write_weights(self.order.checkpoint(name), self.networks[name].state_dict() | dict(buffers or {}))

    def remember(self, whole: Memory) -> None:
        """Put down all that this trainer is."""
        tensors = {f"{kind}/{n}": w for kind, weights in self._lists() for n, w in enumerate(weights)}
        tensors["unseen"] = self.unseen
        whole.put("trainer", tensors, self.pace.facts() | {"shrink": self.shrink})
        whole.put("optimizer", self.optimizers.tensors(), {})

    def recall(self, whole: Memory) -> None:
        """Be again what was put down."""
        tensors, facts = whole.get("trainer")
        with torch.no_grad():
            for kind, weights in self._lists():
                for n, weight in enumerate(weights):
                    weight.copy_(tensors[f"{kind}/{n}"])
            self.unseen.copy_(tensors["unseen"])
        self.shrink = facts.pop("shrink")
        self.pace.recall(facts)
        self.optimizers.recall(whole.get("optimizer")[0])
        self.journal.write(resumed_at_step=self.pace.step)

    def _lists(self) -> tuple[tuple[str, Sequence[Tensor]], ...]:
        # Buffers as they were: those in files of weights are rounded.
        buffers = [buffer for network in self.networks.values() for buffer in network.buffers()]
        weights = ("weight", self.weights), ("average", self.average), ("safe", self.safe)
        return *weights, ("buffer", buffers)

    def _rest(self) -> None:
        """Leave the device to others for their share of the time."""
        if self.order.share < 1.0:
            if self.order.on_gpu:
                torch.cuda.synchronize()
            busy = time.monotonic() - self.worked
            time.sleep(min(busy * (1.0 / self.order.share - 1.0), 1.0))
        self.worked = time.monotonic()
