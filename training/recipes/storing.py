"""Recipes that learn from a store of encoded clips, and go on with it where they were killed."""

import random

from training.recipes.loop import Learner
from training.recipes.memory import Memory, dice, take_dice
from training.recipes.replay import Replay
from training.recipes.shelf import Shelf
from training.recipes.trainer import Trainer


class Storing(Learner):
    """A learner with a store, its files beside the weights, and dice of its own."""

    def __init__(self, trainer: Trainer, bytes_each: int) -> None:
        """`bytes_each` is the room for the clips of a bucket."""
        order = trainer.order
        self.trainer = trainer
        self.replay = Replay(bytes_each, order.device)
        self.shelf = Shelf(order.work / f"{order.recipe}.clips", self.replay)
        self.chance = random.Random(order.seed)

    def remember(self, whole: Memory) -> None:
        """The store, in files of its own, and the dice."""
        whole.put("store", {}, {"shelf": self.shelf.write(), "dice": dice(self.chance)})

    def recall(self, whole: Memory) -> None:
        """The store and the dice as they were."""
        _, facts = whole.get("store")
        self.shelf.read(facts["shelf"])
        take_dice(self.chance, facts["dice"])

    def remembered(self) -> None:
        """Files of the store that no checkpoint needs any more."""
        self.shelf.tidy()

    def forget(self) -> None:
        """No file of the store."""
        self.shelf.remove()
