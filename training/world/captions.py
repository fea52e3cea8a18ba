"""What people would write to ask for a scene, in many wordings, and what they would write of its sound."""

from collections.abc import Iterable
from typing import Final

import numpy as np

from training.world import lexicon as words
from training.world import phrases
from training.world.scene import Object, Scene

WAYS: Final = {-1: "left", 0: "left", 1: "right"}
GLUE: Final = "a an and the is on over above of with in"


def _pick(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[int(rng.integers(len(choices)))]


def _article(phrase: str) -> str:
    return ("an " if phrase[0] in "aeiou" else "a ") + phrase


def name(thing: Object, rng: np.random.Generator) -> str:
    """The thing without article: "small red ball"."""
    size = _pick(rng, words.SIZE_WORDS[thing.size]) if rng.random() < 0.55 else ""
    colour = _pick(rng, words.COLOUR_WORDS[thing.colour])
    noun = _pick(rng, words.NOUNS[thing.shape])
    return " ".join(part for part in (size, colour, noun) if part)


def _ground(scene: Scene, rng: np.random.Generator, motion: str) -> str:
    phrase = _pick(rng, words.GROUNDS[scene.ground.material]).format(colour=scene.ground.colour)
    prepositions = ("over", "above", "on") if motion in words.ALOFT else ("on", "on", "on", "on", "over")
    return f"{_pick(rng, prepositions)} {phrase.replace('a orange', 'an orange')}"


def _action(thing: Object, rng: np.random.Generator) -> tuple[str, str]:
    """(participle, third person) of what the thing does."""
    choices = words.VERBS[thing.motion]
    participle, person = choices[int(rng.integers(len(choices)))]
    way = WAYS[thing.way]
    return participle.format(way=way), person.format(way=way)


def _subject(scene: Scene, rng: np.random.Generator, finite: bool) -> str:
    """The things and what they do: "a red ball bouncing", or finite: "a red ball bounces"."""
    things = scene.objects
    if things[0].motion == "collide":
        one, two = (_article(name(thing, rng)) for thing in things)
        choices = words.MEETINGS[3:] if finite else words.MEETINGS[:3]
        return _pick(rng, choices).format(one=one, two=two)
    clauses = [f"{_article(name(thing, rng))} {_action(thing, rng)[int(finite)]}" for thing in things]
    if len(clauses) == 1:
        return clauses[0]
    return ", ".join(clauses[:-1]) + " and " + clauses[-1]


def _sentence(scene: Scene, rng: np.random.Generator, opening: str = "") -> str:
    ground = _ground(scene, rng, scene.objects[-1].motion)
    if opening:
        return f"{opening}{_subject(scene, rng, False)} {ground}"
    match int(rng.integers(10)):
        case 0 | 1:
            return f"{_subject(scene, rng, True)} {ground}"
        case 2:
            return f"{ground}, {_subject(scene, rng, True)}"
        case 3 if len(scene.objects) == 1:
            thing = scene.objects[0]
            return f"{_article(name(thing, rng))} is {_action(thing, rng)[0]} {ground}"
        case 4 if len(scene.objects) == 1:
            thing = scene.objects[0]
            return f"{name(thing, rng)} {_action(thing, rng)[0]} {ground}"
        case 5:
            return _subject(scene, rng, False)
        case _:
            return f"{_pick(rng, words.OPENINGS)}{_subject(scene, rng, False)} {ground}"


def _style(scene: Scene, rng: np.random.Generator) -> tuple[str, str, str]:
    """The style in words, in one of three places: before all, before what is shown, or after all."""
    if scene.style == "plain":
        return "", "", ""
    place = int(rng.integers(3))
    said = ["", "", ""]
    said[place] = _pick(rng, words.STYLES[scene.style][place])
    return said[0], said[1], said[2]


def caption(scene: Scene, rng: np.random.Generator) -> str:
    """One wording of what is seen; camera words lead: "pan left, a red ball bouncing on a blue floor"."""
    before, opening, after = _style(scene, rng)
    text = _sentence(scene, rng, opening)
    if scene.weather != "none":
        text = f"{text} {_pick(rng, words.WEATHERS[scene.weather])}"
    if scene.fire is not None:
        text = f"{text} {_pick(rng, words.FIRES)}"
    if rng.random() < 0.35:
        places = words.PLACES[scene.sky]
        if scene.weather != "none":
            places = tuple(place for place in places if "sunny" not in place)
        text = f"{text} {_pick(rng, places)}"
    text = ", ".join(part for part in (before, text, after) if part)
    moving = scene.camera != "static"
    if rng.random() < (1.0 if moving else 0.06):
        text = f"{_pick(rng, words.SHOTS[scene.camera])}, {text}"
    style = rng.random()
    if style < 0.5:
        return text
    text = text[0].upper() + text[1:]
    return text + "." if style < 0.85 else text


def sound_caption(scene: Scene, rng: np.random.Generator) -> str:
    """One wording of what is heard."""
    parts = []
    things = scene.objects[:1] if scene.objects[0].motion == "collide" else scene.objects
    for thing in things:
        sound = _pick(rng, words.HITS[thing.shape])
        pitch = words.PITCHES.get(thing.size, "")
        text = _pick(rng, words.NOISES[thing.motion])
        text = text.format(thing=sound, surface=words.SURFACES[scene.ground.material])
        parts.append(f"{text}, {pitch} sound" if pitch and rng.random() < 0.3 else text)
    text = " and ".join(parts)
    around = [_pick(rng, words.AIRS[scene.sky])] if rng.random() < 0.3 else []
    if scene.weather == "rain":
        around.append(_pick(rng, words.PATTER))
    if scene.fire is not None:
        around.append(_pick(rng, words.CRACKLE))
    if scene.music != "none":
        around.append(_pick(rng, words.MUSIC[scene.music]))
    elif rng.random() < 0.08:
        return f"{_with(text, scene, around)}, {_pick(rng, words.NO_MUSIC)}"
    return _with(text, scene, around)


def _with(text: str, scene: Scene, around: list[str]) -> str:
    """What the things do and what else is heard; what is not silent is not called silence."""
    if not around:
        return text
    heard = " and ".join(around)
    silent = all(thing.motion == "still" for thing in scene.objects)
    loud = scene.weather == "rain" or scene.fire is not None or scene.music != "none"
    return heard if silent and loud else f"{text}, with {heard}"


def vocabulary() -> tuple[str, ...]:
    """Every word that captions can hold, in lower case, sorted."""
    return tuple(sorted({*own_words(), *_words(phrases.TEXTS)}))


def own_words() -> set[str]:
    """Every word of `caption` and `sound_caption`, in lower case."""
    return set(_words(_texts()))


def _texts() -> list[str]:
    """All pieces that captions are put together from."""
    texts: list[str] = [GLUE, "left right sound high deep"]
    for table in (words.NOUNS, words.COLOUR_WORDS, words.SIZE_WORDS, words.GROUNDS, words.PLACES, words.SHOTS,
                  words.HITS, words.NOISES, words.AIRS, words.WEATHERS, words.MUSIC):  # fmt: skip
        texts += [text for choices in table.values() for text in choices]
    texts += [text for choices in words.VERBS.values() for pair in choices for text in pair]
    texts += [text for places in words.STYLES.values() for choices in places for text in choices]
    texts += [*words.FIRES, *words.PATTER, *words.CRACKLE, *words.NO_MUSIC]
    texts += [*words.MEETINGS, *words.OPENINGS, *words.SURFACES.values()]
    texts += ["blue green grey brown yellow red white purple orange pink"]
    return texts


def _words(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        for word in text.lower().split():
            if "{" not in word:
                yield word.strip(",.")
