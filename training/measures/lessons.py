"""What the ears are taught with: sounds of training scenes, described, and what truly sounds in them.

Music is drawn evenly; seven sounds in ten are louder or softer, and hiss.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.measures import ears, listening
from training.measures.onsets import HOP, RATE
from training.world.chance import Film, sample_scene
from training.world.physics import impacts
from training.world.scene import MOODS, Scene, stream
from training.world.sound import synthesize

FIRST_SEED = 200_000
NEAR_S = 0.03
Rows = NDArray[np.float32]


@dataclass(frozen=True)
class Lesson:
    """One sound: `moments` [N,56] and which are `hits` [N]; of the whole its `description` [D], its `course`
    and `tune` [T,C] as float16, the `kinds` [8] that sound and the number of its `mood`.
    """

    moments: Rows
    hits: NDArray[np.bool_]
    description: Rows
    course: NDArray[np.float16]
    tune: NDArray[np.float16]
    kinds: tuple[bool, ...]
    mood: int


def truth(scene: Scene) -> tuple[list[bool], int]:
    """Which of `listening.KINDS` the scene sounds of, and the number of its mood."""
    heard = {listening.KIND_OF[thing.motion] for thing in scene.objects}
    heard |= {"rain"} if scene.weather == "rain" else set()
    heard |= {"fire"} if scene.fire is not None else set()
    return [kind in heard for kind in listening.KINDS], MOODS.index(scene.music)


def lessons(clips: int) -> list[Lesson]:
    """Lessons of that many scenes."""
    return [lesson(seed) for seed in range(FIRST_SEED, FIRST_SEED + clips)]


def lesson(seed: int) -> Lesson:
    """The lesson of one scene, two or four seconds long."""
    rng = stream(seed, 95)
    film = Film(int(rng.choice((32, 32, 32, 64))), 16)
    scene = replace(sample_scene(seed, film), music=str(rng.choice(("none", *MOODS))))
    sound = _varied(rng, synthesize(scene))
    times, moments = ears.candidates(sound)
    true = np.array([hit.time_s for hit in impacts(scene)] or [np.inf])
    kinds, mood = truth(scene)
    return Lesson(
        moments.astype(np.float32),
        np.array([np.abs(true - k * HOP / RATE).min() < NEAR_S for k in times], bool),
        ears.description(sound).astype(np.float32),
        ears.course(sound).astype(np.float16),
        ears.tune(sound).astype(np.float16),
        tuple(kinds),
        mood,
    )


def _varied(rng: np.random.Generator, sound: Any) -> Any:
    if rng.random() > 0.7:
        return sound
    level = np.float32(np.exp(rng.uniform(np.log(0.35), np.log(1.2))))
    hiss = np.float32(10 ** rng.uniform(-5, -2.7))
    return sound * level + rng.standard_normal(sound.size, dtype=np.float32) * hiss
