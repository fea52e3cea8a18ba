"""The detectors read true films, and every axis falls when what it measures is spoiled."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from training.evaluation import detectors
from training.evaluation.axes import matched, seen
from training.evaluation.detectors import Observed, judge, observe, table, unreadable
from training.evaluation.films import until
from training.evaluation.tally import Tally
from training.evaluation.work import FORMAT
from training.measures.listening import hits, listen
from training.measures.reading import read_film
from training.world.chance import Wanted, sample_scene
from training.world.render import render
from training.world.scene import Scene
from training.world.sound import synthesize

FILMS = 60
PLAIN = Wanted(style="plain", weather="none", fire=False, camera="static")


@pytest.fixture(scope="module")
def observed() -> list[Observed]:
    return list(observe(range(610_000, 610_000 + FILMS)))


@pytest.mark.long
def test_true_films_are_read(observed: list[Observed]) -> None:
    tally = Tally()
    for one in observed:
        judge(tally, one)
    estimates = tally.estimates()
    assert set(estimates) >= {
        "colour",
        "shape",
        "motion",
        "ground",
        "count",
        "camera",
        "kind of sound",
        "mood",
    }
    # One film of sixty may be misread by chance at a rate of 99 %, two hardly ever more than once.
    assert {axis: e.value for axis, e in estimates.items() if e.value < 1 - 2.5 / FILMS} == {}


@pytest.mark.long
def test_swapped_captions_make_all_axes_fall(observed: list[Observed]) -> None:
    tally = Tally()
    for one, other in pairwise(observed):
        judge(tally, replace(one, scene=other.scene, want=other.want))
    found = tally.estimates()
    for axis in ("colour", "shape", "motion", "ground", "sky", "size", "kind of sound"):
        assert found[axis].value < 0.5, axis
    assert found["hits seen: recall"].value < 0.7
    assert found["hits heard: recall"].value < 0.7


def plainly(seeds: Sequence[int], **wanted: str | int) -> list[Scene]:
    return [sample_scene(seed, FORMAT, wanted=replace(PLAIN, **wanted)) for seed in seeds]  # type: ignore[arg-type]


def right(axis: str, films: Sequence[tuple[Scene, np.ndarray]]) -> float:
    want = (
        replace(detectors.wanted(scene, ""), said=frozenset({"ground", "sky", "size"})) for scene, _ in films
    )
    return float(
        np.mean([seen(read_film(film, 16), w)[axis] for w, (_, film) in zip(want, films, strict=True)])
    )


def drawn(scenes: Sequence[Scene]) -> list[tuple[Scene, np.ndarray]]:
    return [(scene, render(scene, 144, 256)) for scene in scenes]


def test_another_colour_is_a_wrong_colour() -> None:
    films = drawn(plainly(range(3), colour="red", ground="grey", sky="overcast", count=1))
    assert right("colour", films) == 1
    assert right("colour", [(scene, film[..., [2, 1, 0]]) for scene, film in films]) == 0


def test_another_shape_is_a_wrong_shape() -> None:
    scenes = plainly(range(3), shape="star", motion="bounce", count=1)
    others = [replace(s, objects=(replace(s.objects[0], shape="square"),)) for s in scenes]
    assert right("shape", drawn(scenes)) == 1
    assert right("shape", [(s, render(o, 144, 256)) for s, o in zip(scenes, others, strict=True)]) == 0


def test_a_frozen_film_has_no_motion_and_no_hits() -> None:
    films = drawn(plainly(range(3), motion="bounce", count=1))
    frozen = [(scene, np.repeat(film[:1], len(film), 0)) for scene, film in films]
    assert right("motion", films) == 1
    assert right("motion", frozen) == 0
    assert all(read_film(film, 16).hits == () for _, film in frozen)


def test_a_film_played_backwards_has_another_camera_and_motion() -> None:
    films = drawn(plainly(range(3), motion="grow", camera="pan left", count=1))
    backwards = [(scene, film[::-1]) for scene, film in films]
    assert right("camera", films) == right("motion", films) == 1
    assert right("camera", backwards) == right("motion", backwards) == 0


def test_a_thing_more_or_less_is_a_wrong_count() -> None:
    scenes = plainly(range(3), motion="bounce", count=2)
    fewer = [replace(scene, objects=scene.objects[:1]) for scene in scenes]
    assert right("count", drawn(scenes)) == 1
    assert right("count", [(s, render(f, 144, 256)) for s, f in zip(scenes, fewer, strict=True)]) == 0


def test_another_ground_sky_weather_or_style_is_wrong() -> None:
    scenes = plainly(
        range(4), ground="blue", material="floor", sky="day", motion="spin", colour="red", count=1
    )
    spoiled = {
        "ground": [replace(s, ground=replace(s.ground, colour="brown")) for s in scenes],
        "sky": [replace(s, sky="sunset") for s in scenes],
        "weather": [replace(s, weather="snow") for s in scenes],
        "style": [replace(s, style="pencil") for s in scenes],
        "size": [
            replace(s, objects=(replace(s.objects[0], radius=s.objects[0].radius * (0.6 if k else 1.6)),))
            for k, s in enumerate(plainly(range(3), size="medium", motion="spin", count=1))
        ],
    }
    truth = drawn(scenes)
    for axis, others in spoiled.items():
        known = scenes if axis != "size" else plainly(range(3), size="medium", motion="spin", count=1)
        assert right(axis, truth if axis != "size" else drawn(known)) == 1
        assert right(axis, [(s, render(o, 144, 256)) for s, o in zip(known, others, strict=True)]) == 0


def test_a_thing_that_flickers_is_not_consistent() -> None:
    films = drawn(plainly(range(3), colour="red", ground="grey", sky="overcast", motion="bounce", count=1))
    flickering = [(scene, film.copy()) for scene, film in films]
    for _, film in flickering:
        film[::3] = film[::3][..., [2, 1, 0]]
    assert right("consistency", films) == 1
    assert right("consistency", flickering) == 0


def test_a_shifted_sound_misses_the_hits() -> None:
    counts: Counter[tuple[str, str]] = Counter()
    for scene in plainly(range(6), motion="bounce", count=1):
        sound, want = synthesize(scene), detectors.wanted(scene, "")
        late = np.roll(sound, round(0.15 * 48_000))
        late[: round(0.15 * 48_000)] = 0
        for name, wave in (("true", sound), ("late", late)):
            found = matched(hits(wave), *until(want, 1.9))
            counts[name, "found"] += found.found
            counts[name, "known"] += found.known
    assert counts["true", "found"] == counts["true", "known"] > 5
    assert counts["late", "found"] <= 1


def test_silence_is_the_wrong_kind_of_sound_and_mood() -> None:
    scene = replace(plainly([3], motion="roll", count=1)[0], music="happy")
    listening = listen(0 * synthesize(scene))
    assert (listening.kinds, listening.mood) != (detectors.wanted(scene, "").kinds, "happy")
    assert listening.hits == ()


def test_what_nobody_could_read_is_left_out() -> None:
    (scene,) = plainly([1], count=1)
    assert unreadable(scene) == frozenset()
    assert "weather" in unreadable(replace(scene, style="pixelated"))
    assert "camera" in unreadable(replace(scene, style="flat", sky="room", camera="zoom in"))
    assert {"camera", "size"} <= unreadable(replace(scene, style="outlined", sky="day", camera="push in"))
    assert "camera" not in unreadable(replace(scene, sky="day", camera="push in"))
    ball = replace(scene, objects=(replace(scene.objects[0], shape="ball", motion="spin"),))
    assert "motion" in unreadable(replace(ball, style="flat"))
    assert "motion" not in unreadable(ball)


def test_the_table_has_a_line_for_each_axis(capsys: pytest.CaptureFixture[str]) -> None:
    detectors.main(2)
    assert "colour" in capsys.readouterr().out
    assert table(Tally().estimates()) == ""
