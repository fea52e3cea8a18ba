"""Clips: picture, sound and captions of one seed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.world.captions import caption, sound_caption
from training.world.chance import Film, sample_scene
from training.world.physics import impacts
from training.world.render import render
from training.world.scene import Scene, Split, stream
from training.world.sound import synthesize

SIZES: tuple[tuple[int, int], ...] = ((256, 144), (144, 256), (192, 192), (224, 128))


@dataclass(frozen=True)
class Clip:
    """A film: frames uint8 [F,H,W,3] RGB, sound float32 [F / fps x 48000], what is seen and what is heard."""

    frames: NDArray[np.uint8]
    sound: NDArray[np.float32]
    caption: str
    sound_caption: str
    scene: Scene


def clip(
    seed: int, frames: int = 32, size: tuple[int, int] = (256, 144), fps: int = 16, split: Split = "train"
) -> Clip:
    """The clip of a seed; size is (width, height). Same arguments, same bytes."""
    width, height = size
    return record(sample_scene(seed, Film(frames, fps, width / height), split), height, width)


def record(scene: Scene, height: int, width: int) -> Clip:
    """Picture, sound and captions of a scene."""
    words = stream(scene.seed, 1)
    return Clip(
        render(scene, height, width),
        synthesize(scene),
        caption(scene, words),
        sound_caption(scene, words),
        scene,
    )


def facts(scene: Scene) -> dict[str, Any]:
    """What a measure may ask of the film, in plain values: objects in order, impacts in order of time."""
    return {
        "colours": [thing.colour for thing in scene.objects],
        "shapes": [thing.shape for thing in scene.objects],
        "sizes": [thing.size for thing in scene.objects],
        "motions": [thing.motion for thing in scene.objects],
        "ways": [thing.way for thing in scene.objects],
        "count": len(scene.objects),
        "ground": scene.ground.colour,
        "material": scene.ground.material,
        "sky": scene.sky,
        "camera": scene.camera,
        "style": scene.style,
        "weather": scene.weather,
        "fire": scene.fire is not None,
        "music": scene.music,
        "impacts": [
            {"time_s": hit.time_s, "strength": hit.strength, "object": hit.index, "on": hit.on}
            for hit in impacts(scene)
        ],
    }
