from dataclasses import replace

import numpy as np
import pytest

from training.evaluation.axes import heard, matched, seen
from training.evaluation.wanted import Wanted
from training.measures.listening import Listening
from training.measures.motion import Path
from training.measures.reading import Reading, Seen

LINE = np.zeros(8)
PATH = Path(np.arange(8), LINE, LINE, LINE + 0.1, LINE, 0.02)
BALL = Seen("red", "ball", "small", "bounce", 1, 1.0, PATH)
STAR = Seen("blue", "star", "large", "spin", 0, 1.0, PATH)
READING = Reading("static", "plain", "day", "green", "none", False, (BALL, STAR), ())
WANT = Wanted(
    looks=(("blue", "star", "spin", "large"), ("red", "ball", "bounce", "small")),
    ground="green",
    sky="day",
    camera="static",
    style="plain",
    weather="none",
    fire=False,
    mood="none",
    kinds=frozenset({"hits"}),
    hits=(0.5, 1.0),
    faint=(1.2,),
    said=frozenset({"ground", "sky", "size"}),
)


def test_everything_right_is_right_in_any_order() -> None:
    assert all(seen(READING, WANT).values())


@pytest.mark.parametrize(
    ("axis", "spoiled"),
    [
        ("colour", replace(READING, things=(BALL, replace(STAR, colour="green")))),
        ("shape", replace(READING, things=(BALL, replace(STAR, shape="heart")))),
        ("motion", replace(READING, things=(replace(BALL, motion="fall"), STAR))),
        ("size", replace(READING, things=(replace(BALL, size="large"), STAR))),
        ("consistency", replace(READING, things=(replace(BALL, steady=0.5), STAR))),
        ("ground", replace(READING, ground="red")),
        ("sky", replace(READING, sky="night")),
        ("camera", replace(READING, camera="zoom in")),
        ("style", replace(READING, style="pencil")),
        ("weather", replace(READING, weather="snow")),
        ("fire", replace(READING, fire=True)),
    ],
)
def test_what_is_wrong_is_wrong_alone(axis: str, spoiled: Reading) -> None:
    assert [name for name, good in seen(spoiled, WANT).items() if not good] == [axis]


def test_a_thing_too_many_is_a_matter_of_count() -> None:
    judged = seen(replace(READING, things=(BALL, STAR, replace(STAR, colour="pink"))), WANT)
    assert [name for name, good in judged.items() if not good] == ["count"]


def test_with_nothing_found_nothing_of_things_is_right() -> None:
    judged = seen(replace(READING, things=()), WANT)
    assert not any(judged[axis] for axis in ("count", "colour", "shape", "motion", "size", "consistency"))


def test_many_specks_do_not_take_for_ever() -> None:
    assert not seen(replace(READING, things=(BALL,) * 60), WANT)["count"]


def test_what_the_caption_does_not_say_is_not_judged() -> None:
    assert not {"ground", "sky", "size"} & set(seen(READING, replace(WANT, said=frozenset())))


def test_hits_match_within_a_frame() -> None:
    all_ = matched((0.52, 0.95), (0.5, 1.0))
    assert (all_.heard, all_.belonging, all_.known, all_.found) == (2, 2, 2, 2)
    late = matched((0.52 + 0.2, 1.6), (0.5, 1.0))
    assert (late.found, late.belonging) == (0, 0)


def test_faint_hits_and_settling_count_for_nothing() -> None:
    assert matched((0.5, 0.7, 1.0, 1.2), (0.5, 1.0), (1.2,)).heard == 2
    assert matched((0.2, 0.5), (0.5,)).heard == 2


def test_kinds_must_be_all_and_no_other() -> None:
    right = Listening((0.5,), frozenset({"hits"}), "none")
    assert heard(right, WANT) == {"kind of sound": True, "mood": True}
    wrong = Listening((), frozenset({"hits", "rain"}), "sad")
    assert heard(wrong, WANT) == {"kind of sound": False, "mood": False}
