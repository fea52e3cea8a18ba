"""What was read against what was wanted: right or wrong on each axis."""

from dataclasses import dataclass
from itertools import permutations

from training.evaluation.wanted import Wanted
from training.measures.listening import Listening
from training.measures.reading import Reading, Seen

MOST_THINGS = 5
NEAR_S = 1 / 16
SETTLING_S = 0.35
AXES = (
    "count", "colour", "shape", "motion", "size", "ground", "sky", "camera", "style", "weather", "fire",
    "consistency",
)  # fmt: skip

Look = tuple[str, str, str, str]


def seen(reading: Reading, want: Wanted) -> dict[str, bool]:
    """Right or wrong by axis; axes of which the caption says nothing are left out.

    Colour, shape, motion and size are right if every wanted thing has its own found thing that has them; the
    things are paired so that most is right. Consistency is whether things were found that keep colour and
    shape in at least 97 % of the frames.
    """
    found = _largest(reading.things)
    pairs = _paired(want.looks, found)
    right = {
        "count": len(reading.things) == len(want.looks),
        "colour": all(thing is not None and thing.colour == look[0] for look, thing in pairs),
        "shape": all(thing is not None and thing.shape == look[1] for look, thing in pairs),
        "motion": all(thing is not None and thing.motion == look[2] for look, thing in pairs),
        "camera": reading.camera == want.camera,
        "style": reading.style == want.style,
        "weather": reading.weather == want.weather,
        "fire": reading.fire == want.fire,
        "consistency": reading.steady is not None and reading.steady >= 0.97,
    }
    if "size" in want.said:
        right["size"] = all(thing is not None and thing.size == look[3] for look, thing in pairs)
    if "ground" in want.said:
        right["ground"] = reading.ground == want.ground
    if "sky" in want.said:
        right["sky"] = reading.sky == want.sky
    return right


def _largest(things: tuple[Seen, ...]) -> tuple[Seen, ...]:
    """The largest few, in their order."""
    order = sorted(range(len(things)), key=lambda n: -float(things[n].path.radius.mean()))[:MOST_THINGS]
    return tuple(things[n] for n in sorted(order))


def _paired(looks: tuple[Look, ...], found: tuple[Seen, ...]) -> list[tuple[Look, Seen | None]]:
    """Each wanted look with a found thing of its own, or None, so that most agrees."""
    choices: list[Seen | None] = [*found, *([None] * len(looks))]

    def agreement(chosen: tuple[Seen | None, ...]) -> int:
        return sum(_agreement(look, thing) for look, thing in zip(looks, chosen, strict=True))

    best = max(permutations(choices, len(looks)), key=agreement)
    return list(zip(looks, best, strict=True))


def _agreement(look: Look, thing: Seen | None) -> int:
    if thing is None:
        return -1
    colour, shape, motion, size = look
    return (
        8 * (thing.colour == colour) + 4 * (thing.shape == shape)
        + 2 * (thing.motion == motion) + (thing.size == size)
    )  # fmt: skip


@dataclass(frozen=True)
class Matches:
    """Hits: how many were heard, how many of these belong to a known one, how many are known and found."""

    heard: int
    belonging: int
    known: int
    found: int


def matched(heard: tuple[float, ...], known: tuple[float, ...], faint: tuple[float, ...] = ()) -> Matches:
    """Hits heard against those known, within one frame of 16 a second.

    Hits near a faint one count for nothing, nor do those right after a known one, when a thing settles.
    """
    counted = [
        time_s
        for time_s in heard
        if _near(time_s, known)
        or not (_near(time_s, faint) or any(0 < time_s - hit < SETTLING_S for hit in known))
    ]
    return Matches(
        heard=len(counted),
        belonging=sum(_near(time_s, known) for time_s in counted),
        known=len(known),
        found=sum(_near(time_s, heard) for time_s in known),
    )


def _near(time_s: float, others: tuple[float, ...]) -> bool:
    return any(abs(time_s - other) <= NEAR_S for other in others)


def heard(listening: Listening, want: Wanted) -> dict[str, bool]:
    """Right or wrong for what is heard: all the kinds of sound and no other, and the mood of the music."""
    return {"kind of sound": listening.kinds == want.kinds, "mood": listening.mood == want.mood}
