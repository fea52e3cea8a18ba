"""The loop that all recipes share: optimizer, averaged weights, progress, checkpoints, time."""

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from services.families.moviegen import casts
from training.recipes.files import read_weights, write_weights
from training.recipes.journal import Journal
from training.recipes.lean import lean
from training.recipes.muon import Muon
from training.recipes.order import CAST, Clock, Order

REPORT_S = 5.0
SAVE_S = 30.0


@dataclass(frozen=True)
class Schedule:
    """Learning rate (its peak, and the parts of the time to rise and to fall), average and clipping.

    Weights whose names contain one of `slow` learn at `slow_part` of the rate. With `muon` the matrices of
    transformer blocks have that optimizer.
    """

    peak: float
    warmup: float = 0.03
    fall: float = 1.0
    decay: float = 0.999
    clip: float = 1.0
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.99)
    slow: tuple[str, ...] = ()
    slow_part: float = 0.1
    muon: bool = False

    def rate(self, part: float) -> float:
        """Learning rate when `part` (0..1) of the time is over: a linear rise, then a cosine to 0."""
        if part < self.warmup:
            return self.peak * max(part, 1e-3) / self.warmup
        falling = max(0.0, part - (1.0 - self.fall)) / self.fall
        return self.peak * 0.5 * (1.0 + math.cos(math.pi * min(falling, 1.0)))


def prepare(order: Order, few_shapes: bool = False) -> None:
    """Settings of torch for the device; where batches have few shapes, convolutions are tuned to them."""
    torch.manual_seed(order.seed)
    torch.set_float32_matmul_precision("high")
    torch.set_num_threads(2 if order.on_gpu else max(1, (os.cpu_count() or 2) - order.workers + 1))
    if order.on_gpu:
        torch.backends.cudnn.benchmark = few_shapes
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
    """Trains networks together until the order's time is up; keeps an average of their weights."""

    def __init__(
        self, order: Order, names: tuple[str, ...], schedule: Schedule, aside: nn.Module | None = None
    ) -> None:
        """`aside` is trained with the networks and belongs to no file."""
        self.order, self.schedule = order, schedule
        self.clock, self.journal = Clock(order.until), Journal(order.work, order.recipe)
        self.networks: dict[str, nn.Module] = {}
        for name in names:
            network = casts.build(CAST, name)
            if order.checkpoint(name).exists():
                read_weights(order.checkpoint(name), network)
                self.journal.write(resumed=name)
            lean(network)
            self.networks[name] = network.to(order.device).train()
        trained = [*self.networks.values(), *([aside] if aside is not None else [])]
        self.weights = [w for network in trained for w in network.parameters()]
        self.average = [w.detach().clone() for w in self.weights]
        self.safe = [w.clone() for w in self.average]
        self.optimizers = self._fresh_optimizers()
        self.steps, self.shrink = 0, 1.0
        self.total = torch.zeros((), device=order.device)
        self.counted, self.reported = 0, time.monotonic()
        self.saved = time.monotonic()
        self.worked = time.monotonic()
        self.extras: dict[str, float] = {}

    def _fresh_optimizers(self) -> tuple[torch.optim.Optimizer, ...]:
        schedule = self.schedule
        named = {
            id(weight): name
            for network in self.networks.values()
            for name, weight in network.named_parameters()
        }
        matrices, slow, others = [], [], []
        for weight in self.weights:
            name = named.get(id(weight), "")
            if any(part in name for part in schedule.slow):
                slow.append(weight)
            elif schedule.muon and "blocks." in name and name.endswith("weight") and weight.dim() == 2:
                matrices.append(weight)
            else:
                others.append(weight)
        groups = [{"params": others, "part": 1.0}, {"params": slow, "part": schedule.slow_part}]
        adam = torch.optim.AdamW(
            [group for group in groups if group["params"]],
            lr=schedule.peak,
            betas=schedule.betas,
            fused=self.order.on_gpu,
            weight_decay=schedule.weight_decay,
        )
        if not matrices:
            return (adam,)
        return adam, Muon(matrices, lr=schedule.peak, weight_decay=schedule.weight_decay)

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
        """The time of the schedule runs from now."""
        self.clock = Clock(self.order.until)
        self.reported = self.saved = self.worked = time.monotonic()

    @property
    def running(self) -> bool:
        """Whether there is time for another step."""
        return self.clock.left_s > 0

    def step(self, loss_of: Callable[[], Tensor]) -> None:
        """One step down the loss. Where memory does not do, `shrink` falls and the step is left out."""
        rate = self.schedule.rate(self.clock.part)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group.get("part", 1.0) * rate
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
        for optimizer in self.optimizers:
            optimizer.step()
        self.steps += 1
        decay = min(self.schedule.decay, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            torch._foreach_lerp_(self.average, [w.detach() for w in self.weights], 1.0 - decay)
        self.total += loss.detach()
        self.counted += 1
        self._rest()
        if time.monotonic() - self.reported > REPORT_S:
            self.report()

    def note(self, **facts: float) -> None:
        """Facts for the next progress line."""
        self.extras |= facts

    def report(self) -> None:
        """A progress line; where the loss has become infinite, go back to the last good weights."""
        now, loss = time.monotonic(), float(self.total / max(self.counted, 1))
        rate = self.counted / (now - self.reported)
        memory = torch.cuda.max_memory_allocated() / 2**30 if self.order.on_gpu else 0.0
        self.journal.write(
            step=self.steps, loss=loss, steps_per_s=rate, left_s=self.clock.left_s,
            lr=self.optimizers[0].param_groups[0]["lr"], memory_gib=memory, **self.extras,
        )  # fmt: skip
        self.total.zero_()
        self.counted, self.reported = 0, now
        good = math.isfinite(loss)
        with torch.no_grad():
            torch._foreach_copy_(self.safe if good else self.average, self.average if good else self.safe)
            if not good:
                torch._foreach_copy_([w.detach() for w in self.weights], self.safe)
        if not good:
            self.optimizers = self._fresh_optimizers()
            self.journal.write(event="went back to the last good weights")

    def due(self) -> bool:
        """Whether it is time for a checkpoint; true once each time."""
        if time.monotonic() - self.saved < min(SAVE_S, (self.clock.until - self.clock.start) / 4):
            return False
        self.saved = time.monotonic()
        return True

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """The networks with their averaged weights, for measuring and for files."""
        live = [w.detach().clone() for w in self.weights]
        with torch.no_grad():
            torch._foreach_copy_([w.detach() for w in self.weights], self.average)
            yield
            torch._foreach_copy_([w.detach() for w in self.weights], live)

    def save(self, name: str, buffers: Mapping[str, Tensor] | None = None) -> None:
        """Write a network's averaged weights, with other buffers than its own if given."""
        with self.averaged():
            write_weights(self.order.checkpoint(name), self.networks[name].state_dict() | dict(buffers or {}))

    def _rest(self) -> None:
        """Leave the device to others for their share of the time."""
        if self.order.share < 1.0:
            if self.order.on_gpu:
                torch.cuda.synchronize()
            busy = time.monotonic() - self.worked
            time.sleep(min(busy * (1.0 / self.order.share - 1.0), 1.0))
        self.worked = time.monotonic()
