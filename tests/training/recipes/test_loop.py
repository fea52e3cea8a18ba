"""The loop with a recipe that is as small as possible: it has all that recipes have."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from services.families.moviegen import casts
from training.recipes import pace
from training.recipes.batches import Batch, Batches
from training.recipes.division import Division
from training.recipes.feed import Feed, FeedPlan, Sample
from training.recipes.loop import end, learn, place
from training.recipes.memory import unfinished
from training.recipes.optimizers import Schedule
from training.recipes.order import Order
from training.recipes.storing import Storing
from training.recipes.trainer import Trainer, prepare

STEPS = 24


def clip(seed: int) -> Sample:
    rng = np.random.default_rng(seed)
    return Sample((int(rng.integers(2)),), {"x": rng.standard_normal(4).astype(np.float32)})


class Small(Storing):
    """A linear layer that learns noisy clips from a store."""

    def __init__(self, order: Order, killed_at: int | None) -> None:
        self.killed_at, self.pictures = killed_at, list[str]()
        super().__init__(Trainer(order, ("upsampler",), Schedule(peak=0.05)), 16 * 12)
        self.network = self.trainer.networks["upsampler"]
        self.division = Division(order, self.trainer.pace, 0.3, 2.0)

    def loss(self, bucket: tuple[int, ...]) -> Tensor:
        x = self.replay.draw(bucket, 4)["x"]
        made = self.network(x + 0.1 * torch.randn_like(x))
        return (made - x).square().mean() * (1.0 + self.chance.random())

    def encode(self, batch: Batch) -> None:
        self.replay.add(batch.bucket, {"x": batch.tensors["x"] + 0.01 * torch.randn(())})

    def turn(self, batches: Batches) -> None:
        if self.trainer.pace.step == self.killed_at:
            raise InterruptedError("killed")
        buckets = list(self.replay.seen)
        if buckets:
            self.trainer.step(partial(self.loss, self.chance.choice(buckets)))
        if not buckets or self.division.due(self.replay.total, ready=True):
            self.encode(batches.next())

    def save(self) -> None:
        with self.trainer.averaged():
            torch.rand(7)
        self.trainer.save("upsampler")

    def sheet(self, path: Path, full: bool) -> None:
        self.pictures.append(path.name)
        if full and self.killed_at == STEPS:
            raise InterruptedError("killed")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casts, "build", lambda cast, name: nn.Linear(4, 4))
    monkeypatch.setattr("training.recipes.loop.KEEPING", 1e9)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[Small, bytes]]:
    """Runs the recipe in a folder of its own, or in that of a run before."""

    def go(name: str, killed_at: int | None = None, **more: object) -> tuple[Small, bytes]:
        facts = {"steps": STEPS, "threads": 1, "save_s": 0.0} | more
        order = Order("small", tmp_path / name, **facts)  # type: ignore[arg-type]
        order.work.mkdir(exist_ok=True)
        prepare(order)
        saved = unfinished(order)
        plan = FeedPlan(order.workers, 8, 64, 1000 * order.seed, place(saved))
        with Feed(clip, plan) as feed, Batches(feed, lambda bucket: 3 + bucket[0], pinned=False) as batches:
            recipe = Small(order, killed_at)
            learn(recipe, batches, saved)
        end(order, recipe, "upsampler")
        return recipe, order.checkpoint("upsampler").read_bytes()

    return go


def test_a_run_is_a_function_of_its_seed_and_steps(run: Callable[..., tuple[Small, bytes]]) -> None:
    first = run("first")[1]
    assert run("often saved, two processes", workers=2, save_s=1e9)[1] == first
    assert run("other seed", seed=1)[1] != first
    assert run("other steps", steps=STEPS - 1)[1] != first


@pytest.mark.parametrize("killed_at", [1, 13, STEPS])
def test_killed_and_started_again_it_ends_with_the_same_bytes(
    run: Callable[..., tuple[Small, bytes]], killed_at: int, tmp_path: Path
) -> None:
    whole = run("whole")[1]
    with pytest.raises(InterruptedError):
        run("killed", killed_at=killed_at)
    assert (tmp_path / "killed" / "small.state").exists()
    assert run("killed", workers=2)[1] == whole
    assert {path.name for path in (tmp_path / "killed").iterdir()} == {
        "small.jsonl", "upsampler.safetensors", "upsampler.done", "sheets"
    }  # fmt: skip


def test_a_run_by_the_clock_is_repeated_with_the_steps_that_it_wrote_down(
    run: Callable[..., tuple[Small, bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A clock of its own, so that a busy machine makes no difference.
    ticks = iter(range(10_000))
    monkeypatch.setattr(pace, "time", SimpleNamespace(time=lambda: float(next(ticks))))
    recipe, first = run("clock", steps=None, until=60.0)
    assert 40 < recipe.trainer.pace.step < 60
    again, repeated = run("again", steps=None, repeat=tmp_path / "clock")
    assert again.trainer.pace.step == recipe.trainer.pace.step
    assert repeated == first
    assert recipe.trainer.optimizers.rate < 0.2 * 0.05


def test_pictures_are_drawn_at_the_first_checkpoint_at_each_eighth_and_in_full_at_the_end(
    run: Callable[..., tuple[Small, bytes]],
) -> None:
    recipe, _ = run("pictures")
    names = recipe.pictures
    assert names[0] in {"small-0000", "small-0042"}
    assert names[1:] == [f"small-{round(1000 * (3 * n) / STEPS):04d}" for n in range(1, 8)] + ["small"]
    seldom, _ = run("seldom", save_s=1e9)
    assert seldom.pictures == names[1:]
