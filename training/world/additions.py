"""One thing more in a scene: where there is room for it, what it does there, and the words."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from training.world import lexicon, phrases
from training.world.changes import Changed, Task, article, called, free_colours
from training.world.physics import simulate
from training.world.scene import ROUND, SHAPES, SIZES, Object, Scene
from training.world.shapes import BOUND

NEW_MOTIONS = ("still", "still", "still", "still", "bounce", "spin", "rise", "fall", "hop")
MOST = 3


def add(task: Task) -> Changed | None:
    """One thing more, where nothing else passes; the camera must stand still."""
    source, rng = task.source, task.rng
    if source.camera != "static" or len(source.objects) >= MOST or source.objects[0].motion == "collide":
        return None
    size, motion = task.pick(list(SIZES)), task.pick(NEW_MOTIONS)
    radius = SIZES[size]
    half = radius * 1.1
    gaps = [(a + half, b - half) for a, b in _gaps(source) if b - a > 2 * half + 0.04]
    looks = [(c, s) for c in free_colours(source) for s in SHAPES if task.allows(c, s, motion)]
    if not gaps or not looks:
        return None
    left, right = gaps[int(rng.integers(len(gaps)))]
    colour, shape = looks[int(rng.integers(len(looks)))]
    # Near the middle of the gap: a thing in a corner looks lost.
    x = left + (right - left) * float(rng.uniform(0.25, 0.75))
    thing = _going(rng, source, Object(shape, colour, size, motion, radius, x, left=x, right=x))
    new = f"{task.pick(lexicon.SIZE_WORDS[size])} {task.pick(lexicon.COLOUR_WORDS[colour])}".strip()
    new = article(f"{new} {task.pick(lexicon.NOUNS[shape])}")
    if motion != "still":
        # On the spot: nothing hops along here.
        new = f"{new} {task.pick([verb for verb, _ in lexicon.VERBS[motion] if 'along' not in verb])}"
    where = _where(task, x)
    text = f"{task.pick(phrases.ADD_THERE if where else phrases.ADD).format(new=new)} {where}".strip()
    return replace(source, objects=(*source.objects, thing)), text


def _going(rng: np.random.Generator, scene: Scene, thing: Object) -> Object:
    """Start height and speed of a thing that moves on the spot."""
    one, two = (float(value) for value in rng.uniform(0, 1, 2))
    air = 0.96 - scene.ground.stand - 2.1 * thing.radius
    way = int(rng.choice((-1, 1)))
    match thing.motion:
        case "bounce":
            return replace(thing, lift=air * (0.6 + 0.4 * one), bounce=0.86 + 0.1 * two)
        case "fall":
            return replace(thing, lift=air * (0.85 + 0.25 * one), bounce=0.18 + 0.2 * two)
        case "spin":
            return replace(thing, lift=0.08 + (air - 0.08) * 0.6 * two, speed=2.0 + 4.0 * one, way=way)
        case "hop":
            return replace(thing, lift=0.12 + 0.14 * two, way=way)
        case _:
            return thing


def _spans(scene: Scene) -> list[tuple[float, float]]:
    """The stretch of x that each object covers in the whole film."""
    times = np.linspace(0, scene.duration_s, 33)
    spans = []
    for thing, track in zip(scene.objects, simulate(scene), strict=True):
        state = track.at(times)
        half = thing.radius * state.scale * (1.0 if thing.shape in ROUND else BOUND)
        spans.append((float((state.x - half).min()), float((state.x + half).max())))
    return spans


def _gaps(scene: Scene) -> Iterator[tuple[float, float]]:
    """Stretches of x that no object enters, from left to right."""
    start = 0.02
    for low, high in sorted(_spans(scene)):
        if low > start:
            yield start, low
        start = max(start, high)
    if scene.aspect - 0.02 > start:
        yield start, scene.aspect - 0.02


def _where(task: Task, x: float) -> str:
    """Words for the place x, or none."""
    source = task.source
    if task.rng.random() < 0.35:
        return ""
    if task.rng.random() < 0.5:
        index = int(task.rng.integers(len(source.objects)))
        low, _ = _spans(source)[index]
        words = phrases.BESIDE["left" if x < low else "right"]
        return task.pick(words).format(thing=called(task, source.objects[index]))
    if abs(x / source.aspect - 0.5) < 0.12:
        return ""
    return task.pick(phrases.SIDES["left" if x < source.aspect / 2 else "right"])
