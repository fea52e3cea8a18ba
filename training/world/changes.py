"""Changes of objects: each takes a scene and gives the scene after and the words that ask for it, or None."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from training.world import lexicon, phrases
from training.world.chance import LOST_IN
from training.world.scene import (
    COLOURS,
    SHAPES,
    SIZES,
    Object,
    Scene,
    Split,
    can_move,
    is_heldout,
)

Changed = tuple[Scene, str]
NARROWEST_LANE = 0.5


@dataclass(frozen=True)
class Task:
    """What a change starts from: chance, the source and the split that the target must belong to."""

    rng: np.random.Generator
    source: Scene
    split: Split

    def pick(self, choices: tuple[str, ...] | list[str]) -> str:
        """One of the choices."""
        return choices[int(self.rng.integers(len(choices)))]

    def allows(self, colour: str, shape: str, motion: str) -> bool:
        """Whether the split may show an object like this."""
        return can_move(shape, motion) and is_heldout(colour, shape, motion) == (self.split == "heldout")


Change = Callable[[Task], Changed | None]


def article(phrase: str) -> str:
    """The phrase with "a" or "an" before it."""
    return ("an " if phrase[0] in "aeiou" else "a ") + phrase


def called(task: Task, thing: Object) -> str:
    """What names the thing and no other of its scene: "ball", "red ball", "small red ball"."""
    rng, noun = task.rng, task.pick(lexicon.NOUNS[thing.shape])
    colour = task.pick(lexicon.COLOUR_WORDS[thing.colour])
    alone = sum(other.shape == thing.shape for other in task.source.objects) == 1
    if alone and rng.random() < 0.4:
        return noun
    size = task.pick(lexicon.SIZE_WORDS[thing.size]) if rng.random() < 0.15 else ""
    return f"{size} {colour} {noun}".strip()


def free_colours(scene: Scene, but: int | None = None) -> list[str]:
    """Colours that an object of the scene could have and be seen, those of the others left out."""
    taken = {thing.colour for index, thing in enumerate(scene.objects) if index != but}
    taken |= {scene.ground.colour, LOST_IN.get(scene.sky, "")}
    return [colour for colour in COLOURS if colour not in taken]


def _with(scene: Scene, index: int, thing: Object) -> Scene:
    objects = (*scene.objects[:index], thing, *scene.objects[index + 1 :])
    return replace(scene, objects=objects)


def recolour(task: Task) -> Changed | None:
    """Another colour; everything else stays."""
    source, index = task.source, int(task.rng.integers(len(task.source.objects)))
    thing = source.objects[index]
    free = [c for c in free_colours(source) if task.allows(c, thing.shape, thing.motion)]
    if not free:
        return None
    colour = task.pick(free)
    words = task.pick(phrases.RECOLOUR)
    text = words.format(thing=called(task, thing), colour=task.pick(lexicon.COLOUR_WORDS[colour]))
    return _with(source, index, replace(thing, colour=colour)), text


def reshape(task: Task) -> Changed | None:
    """Another shape in the same place, colour and motion."""
    source, index = task.source, int(task.rng.integers(len(task.source.objects)))
    thing = source.objects[index]
    shapes = [s for s in SHAPES if s != thing.shape and task.allows(thing.colour, s, thing.motion)]
    # The shapes of two things that meet decide where they meet, and so what the other one does.
    if not shapes or thing.motion == "collide":
        return None
    shape = task.pick(shapes)
    noun = task.pick(lexicon.NOUNS[shape])
    if task.rng.random() < 0.3:
        noun = f"{task.pick(lexicon.COLOUR_WORDS[thing.colour])} {noun}"
    text = task.pick(phrases.RESHAPE).format(thing=called(task, thing), new=article(noun))
    return _with(source, index, replace(thing, shape=shape)), text


def resize(task: Task) -> Changed | None:
    """Another size; place and motion stay as far as the picture has room."""
    source, index = task.source, int(task.rng.integers(len(task.source.objects)))
    thing = source.objects[index]
    lane = source.aspect / len(source.objects)
    if thing.motion in ("collide", "grow", "shrink") or lane < NARROWEST_LANE:
        return None
    size = task.pick([size for size in SIZES if size != thing.size])
    text = task.pick(phrases.RESIZING)
    text = text.format(thing=called(task, thing), size=task.pick(phrases.RESIZE[thing.size, size]))
    grown = replace(thing, size=size, radius=thing.radius * SIZES[size] / SIZES[thing.size])
    return _with(source, index, _fitted(source, grown, lane * index, lane * (index + 1))), text


def _fitted(scene: Scene, thing: Object, start: float, end: float) -> Object:
    """The thing moved inwards, and dropped from lower, as far as its radius needs between start and end."""
    swing = thing.motion == "swing"
    margin = thing.radius * 1.1
    left, right = (min(max(x, start + margin), end - margin) for x in (thing.left, thing.right))
    air = 0.96 - scene.ground.stand - 2.1 * thing.radius
    lift = thing.lift if swing else min(thing.lift, max(air, 0.0))
    x = thing.x if swing else min(max(thing.x, start + margin), end - margin)
    return replace(thing, x=x, left=left, right=right, lift=lift)


def exchange(task: Task) -> Changed | None:
    """Another thing, of other shape and colour, that does the same in the same place."""
    source, index = task.source, int(task.rng.integers(len(task.source.objects)))
    thing = source.objects[index]
    looks = [
        (colour, shape)
        for colour in free_colours(source)
        for shape in SHAPES
        if shape != thing.shape and task.allows(colour, shape, thing.motion)
    ]
    if not looks or thing.motion == "collide":
        return None
    colour, shape = looks[int(task.rng.integers(len(looks)))]
    new = f"{task.pick(lexicon.COLOUR_WORDS[colour])} {task.pick(lexicon.NOUNS[shape])}"
    if task.rng.random() < 0.2:
        new = f"{task.pick(lexicon.SIZE_WORDS[thing.size])} {new}".strip()
    text = task.pick(phrases.EXCHANGE).format(thing=called(task, thing), new=article(new))
    return _with(source, index, replace(thing, colour=colour, shape=shape)), text


def remove(task: Task) -> Changed | None:
    """One thing less; at least one stays."""
    source, index = task.source, int(task.rng.integers(len(task.source.objects)))
    if len(source.objects) < 2 or source.objects[0].motion == "collide":
        return None
    text = task.pick(phrases.REMOVE).format(thing=called(task, source.objects[index]))
    return replace(source, objects=(*source.objects[:index], *source.objects[index + 1 :])), text
