"""What a scene's caption asks for, as names that the detectors use."""

from dataclasses import dataclass

from training.measures.listening import KIND_OF
from training.world import lexicon
from training.world.dataset import facts
from training.world.scene import Object, Scene

# Softer hits can neither be told from the others in the picture nor be heard beside them.
FAINT = 0.35


@dataclass(frozen=True)
class Wanted:
    """A scene's facts; `said` are the axes among ground, sky and size that the caption speaks of.

    `looks` are (colour, shape, motion, size) of the things, `hits` times in s of what must be heard, `faint`
    of what may be, `kinds` of sound.
    """

    looks: tuple[tuple[str, str, str, str], ...]
    ground: str
    sky: str
    camera: str
    style: str
    weather: str
    fire: bool
    mood: str
    kinds: frozenset[str]
    hits: tuple[float, ...]
    faint: tuple[float, ...]
    said: frozenset[str]


def wanted(scene: Scene, text: str) -> Wanted:
    """What the scene shows and sounds of, and which of it the caption `text` names."""
    known = facts(scene)
    kinds = {KIND_OF[thing.motion] for thing in scene.objects} - {"silence"}
    kinds |= {"rain"} if scene.weather == "rain" else set()
    kinds |= {"fire"} if scene.fire is not None else set()
    hits = known["impacts"]
    return Wanted(
        looks=tuple((thing.colour, thing.shape, thing.motion, thing.size) for thing in scene.objects),
        ground=scene.ground.colour,
        sky=scene.sky,
        camera=scene.camera,
        style=scene.style,
        weather=scene.weather,
        fire=scene.fire is not None,
        mood=scene.music,
        kinds=frozenset(kinds),
        hits=tuple(hit["time_s"] for hit in hits if hit["strength"] > FAINT),
        faint=tuple(hit["time_s"] for hit in hits if hit["strength"] <= FAINT),
        said=_said(scene, text.lower()),
    )


def _said(scene: Scene, text: str) -> frozenset[str]:
    said = set()
    phrases = (p.format(colour=scene.ground.colour) for p in lexicon.GROUNDS[scene.ground.material])
    if any(phrase.split(" ", 1)[-1] in text for phrase in phrases):
        said.add("ground")
    if any(place in text for place in lexicon.PLACES[scene.sky]):
        said.add("sky")
    if all(_sized(thing, text) for thing in scene.objects):
        said.add("size")
    return frozenset(said)


def _sized(thing: Object, text: str) -> bool:
    return any(word and word in text.split() for word in lexicon.SIZE_WORDS[thing.size])
