"""The part of the small world for little compute: one object, a plain floor, daylight, a camera at rest."""

import numpy as np

from training.world.chance import Film, Wanted, sample_scene
from training.world.scene import Scene, Split

MOTIONS = ("bounce", "roll", "fall", "rise", "slide", "spin")
SHARES = (0.60, 0.10, 0.08, 0.07, 0.10, 0.05)


def scene_of(seed: int, film: Film, split: Split, plain: bool) -> Scene:
    """The scene of a seed: of the whole world, or of its plain part."""
    if not plain:
        return sample_scene(seed, film, split)
    motion = str(np.random.default_rng([seed, 92]).choice(MOTIONS, p=SHARES))
    wanted = Wanted(
        motion=motion,
        material="floor",
        sky="day",
        camera="static",
        count=1,
        style="plain",
        weather="none",
        fire=False,
        music="none",
    )
    return sample_scene(seed, film, split, wanted)
