"""Looks of things as the video transformer is to know them: a layer that tells them, thrown away afterwards.

What a thing is makes little difference to the loss of a film: it is a few cells, and its outline a part of
these. Asked within the network for shape and colour of what will be in each cell, the blocks bind words to
places early (after REPA, Yu et al., 2024, which asks for the features of another network; ours are what the
renderer knows). numpy alone, since render processes make these codes.
"""

import numpy as np

from training.recipes.feed import Array
from training.world.scene import COLOURS, SHAPES, Scene

FIGURE = len(SHAPES)
"""The shape of a character."""
KINDS = (len(SHAPES) + 2, len(COLOURS) + 1)
"""Answers to both questions; 0 is nothing."""


def codes(scene: Scene, things: Array, figure: bool = False) -> Array:
    """Looks, uint8 like `things`, which are numbers of things of a scene; the first may be a character."""
    table = [0]
    for number, thing in enumerate(scene.objects):
        shape = FIGURE if figure and number == 0 else SHAPES.index(thing.shape)
        table.append(1 + shape * len(COLOURS) + COLOURS.index(thing.colour))
    return np.array(table, np.uint8)[things]
