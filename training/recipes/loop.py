"""The loop of all recipes: turns until the run is over, checkpoints and pictures on the way.

When they happen goes by the clock and by the part of the run, and makes no difference to what is learned.
"""

import time
from collections.abc import Callable
from pathlib import Path

from training.recipes import memory
from training.recipes.batches import Batches
from training.recipes.feed import Place
from training.recipes.memory import Memory
from training.recipes.order import Order
from training.recipes.trainer import Trainer

SHEETS = 8
# Checkpoints and pictures on the way are to take no more than these parts of the time.
KEEPING, DRAWING = 0.02, 0.03


class Learner:
    """What a recipe is to the loop."""

    trainer: Trainer

    def turn(self, batches: Batches) -> None:
        """A step, with all that belongs to it."""
        raise NotImplementedError

    def save(self) -> None:
        """Measure, and write the networks."""
        raise NotImplementedError

    def sheet(self, path: Path, full: bool) -> None:
        """A picture of what the networks do, quick or in full, at the end; `path` has no suffix yet."""

    def remember(self, whole: Memory) -> None:
        """Put down what the recipe is besides its trainer."""

    def recall(self, whole: Memory) -> None:
        """Be again what was put down."""

    def remembered(self) -> None:
        """What was put down is on the disk."""

    def forget(self) -> None:
        """The run is over: leave nothing of what was put down."""


class Occasions:
    """When it is time for a checkpoint, and for a picture."""

    def __init__(self, order: Order, trainer: Trainer) -> None:
        self.order, self.pace = order, trainer.pace
        self.begun = self.kept = time.monotonic()
        self.keeping_s = self.drawing_s = 0.0
        self.sheets = int(SHEETS * self.pace.part) if self.pace.step else -1

    def keep(self) -> bool:
        """Whether a checkpoint is due: in a short run at its quarters."""
        wait = self.order.save_s
        if self.order.by_clock:
            wait = min(wait, (self.pace.until - self.pace.start) / 4)
        return time.monotonic() - self.kept > max(wait, self.keeping_s / KEEPING)

    def draw(self, first: bool) -> bool:
        """Whether a picture is due: at the first checkpoint, and at every eighth of the run."""
        now = int(SHEETS * self.pace.part)
        if not (first and self.sheets < 0) and now <= max(self.sheets, 0):
            return False
        self.sheets = now
        return self.drawing_s <= DRAWING * (time.monotonic() - self.begun)


def draw(recipe: Learner) -> None:
    """A quick picture, named by the part of the run."""
    order = recipe.trainer.order
    folder = order.work / "sheets"
    folder.mkdir(exist_ok=True)
    recipe.sheet(folder / f"{order.recipe}-{round(1000 * recipe.trainer.pace.part):04d}", full=False)


def place(saved: Memory | None) -> Place:
    """Where the stream of samples begins, or goes on."""
    return Place() if saved is None else saved.place


def keep(recipe: Learner, batches: Batches) -> None:
    """Leave all that a later process needs, then the weights."""
    trainer = recipe.trainer
    whole = memory.beginning(trainer.order, batches.place)
    whole.put("chances", memory.chances(trainer.order.device), {})
    trainer.remember(whole)
    recipe.remember(whole)
    memory.write(trainer.order.state, whole)
    recipe.remembered()
    trainer.pace.write()
    recipe.save()


def resume(recipe: Learner, saved: Memory) -> None:
    """Go on where a process before has left."""
    recipe.trainer.recall(saved)
    recipe.recall(saved)
    memory.take_chances(saved.get("chances")[0], recipe.trainer.order.device)


def learn(recipe: Learner, batches: Batches, saved: Memory | None) -> None:
    """Turns until the run is over, if it is not; the last weights are then written."""
    trainer = recipe.trainer
    if saved is not None and saved.facts["over"]:
        return
    if saved is not None:
        resume(recipe, saved)
    occasions = Occasions(trainer.order, trainer)
    while trainer.pace.more():
        trainer.note(waited_s=batches.waited_s)
        recipe.turn(batches)
        trainer.journal.tick(trainer.pace.part)
        due = occasions.keep()
        if due:
            occasions.keeping_s = timed(lambda: keep(recipe, batches))
            occasions.kept = time.monotonic()
        if occasions.draw(first=due):
            occasions.drawing_s += timed(lambda: draw(recipe))
    trainer.look()
    trainer.pace.write()
    recipe.save()
    if trainer.counted:
        trainer.report()
    trainer.journal.end()


def end(order: Order, recipe: Learner, *networks: str) -> None:
    """The networks are final; a picture of them in full. Nothing is left to go on from."""
    # A process killed from here on has only the picture to draw again.
    over = memory.beginning(order, Place())
    over.facts["over"] = True
    memory.write(order.state, over)
    for network in networks:
        order.finish(network)
    recipe.sheet(order.work / order.recipe, full=True)
    order.state.unlink(missing_ok=True)
    recipe.forget()


def timed(work: Callable[[], None]) -> float:
    """Seconds that something takes."""
    start = time.monotonic()
    work()
    return time.monotonic() - start
