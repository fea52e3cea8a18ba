import re
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from training.world.anatomy import EYES, FOOT_Y, LEGS, PATTERNS, REACH, TOPS
from training.world.captions import vocabulary
from training.world.chance import LOST_IN, Film
from training.world.figures import (
    MOTIONS,
    PAPER,
    STAND_IN,
    TALL,
    Appearance,
    describe,
    is_heldout_figure,
    portrait,
    render_character,
    sample_character,
    sample_figure,
)
from training.world.phrases import CHARACTERS
from training.world.physics import simulate
from training.world.puppet import Figure
from training.world.render import render
from training.world.scene import STYLES

FILM = Film(16, 8)
Frame = NDArray[Any]


def test_a_seed_is_a_figure_and_a_film() -> None:
    assert sample_figure(4) == sample_figure(4)
    assert sample_character(4, FILM) == sample_character(4, FILM)
    one, two = (render_character(sample_character(4, FILM), 36, 64).tobytes() for _ in range(2))
    assert one == two
    assert portrait(sample_figure(4), 36, 64).tobytes() == portrait(sample_figure(4), 36, 64).tobytes()


def test_there_are_hundreds_of_figures() -> None:
    assert len({sample_figure(seed) for seed in range(1000)}) > 900


def test_one_figure_in_ten_is_never_in_training() -> None:
    train = {sample_figure(seed) for seed in range(400)} | {
        sample_character(seed, FILM).figure for seed in range(400)
    }
    heldout = {sample_figure(seed, "heldout") for seed in range(100)} | {
        sample_character(seed, FILM, "heldout").figure for seed in range(100)
    }
    assert not any(is_heldout_figure(figure) for figure in train)
    assert all(is_heldout_figure(figure) for figure in heldout)
    share = np.mean([is_heldout_figure(figure) for figure in _alike()])
    assert 0.07 < share < 0.13


def test_the_hash_never_changes() -> None:
    assert is_heldout_figure(HELD)
    assert not is_heldout_figure(KNOWN)


def test_describe_names_the_parts() -> None:
    parts = describe(KNOWN)
    assert parts["colour"] == "red"
    assert Figure(**parts) == KNOWN


def test_a_portrait_is_one_figure_in_the_middle_of_plain_paper() -> None:
    for seed in range(20):
        picture = portrait(sample_figure(seed), 144, 256)
        assert picture.shape == (144, 256, 3)
        assert picture.dtype == np.uint8
        rows, columns = np.nonzero((picture != PAPER).any(-1))
        assert 0.35 < (rows.max() + 1 - rows.min()) / 144 <= TALL + 0.02
        assert abs((columns.min() + columns.max()) / 2 - 127.5) < 3
        assert rows.min() > 10
        assert rows.max() < 134


def test_a_narrow_portrait_holds_the_whole_figure() -> None:
    for seed in range(20):
        _, columns = np.nonzero((portrait(sample_figure(seed), 256, 144) != PAPER).any(-1))
        assert columns.min() > 2
        assert columns.max() < 141


def test_no_caption_has_a_word_outside_the_vocabulary() -> None:
    known = set(vocabulary())
    for seed in range(2000):
        text = sample_character(seed, FILM).caption
        assert set(re.findall(r"[^\s,.]+", text.lower())) <= known, text


def test_captions_say_character_and_never_heart() -> None:
    for seed in range(500):
        text = sample_character(seed, FILM).caption.lower()
        assert sum(text.count(name) for name in set(CHARACTERS)) == 1, text
        assert STAND_IN not in text


def test_everyday_wordings() -> None:
    texts = {sample_character(seed, FILM).caption for seed in range(2000)}
    assert any(re.match(r"this character hops ", text) for text in texts)
    assert any(re.match(r"(?i)this character .* floor at night", text) for text in texts)
    assert len(texts) > 1500


def test_figures_do_all_motions_and_are_seen_against_ground_and_sky() -> None:
    motions = set()
    for seed in range(400):
        figure, scene = (made := sample_character(seed, FILM)).figure, made.scene
        (thing,) = scene.objects
        motions.add(thing.motion)
        assert thing.size != "small"
        assert thing.colour == figure.colour
        assert figure.colour not in (scene.ground.colour, LOST_IN.get(scene.sky))
    assert motions == set(MOTIONS)


def test_a_given_figure_appears_in_many_scenes() -> None:
    made = [sample_character(seed, FILM, figure=KNOWN) for seed in range(20)]
    assert {one.figure for one in made} == {KNOWN}
    assert len({one.scene for one in made}) == 20


@pytest.mark.parametrize("style", STYLES)
def test_only_the_figure_is_drawn_in_its_own_way(style: str) -> None:
    made = _standing(KNOWN, style)
    (thing,) = made.scene.objects
    state = simulate(made.scene)[0].at(np.array([0.0]))
    rows, columns = np.nonzero(_shown(made, 144, 256))
    cell = 1 / 36 if style == "pixelated" else 1 / 144
    assert rows.size > 100
    assert np.abs((columns + 0.5) / 144 - state.x).max() < REACH * thing.radius + cell
    assert np.abs(1 - (rows + 0.5) / 144 - state.y).max() < REACH * thing.radius + cell


def test_chosen_frames_are_those_of_the_film() -> None:
    made = sample_character(2, FILM)
    film = render_character(made, 72, 128)
    assert film.shape == (16, 72, 128, 3)
    np.testing.assert_array_equal(render_character(made, 72, 128, [3, 11]), film[[3, 11]])


@pytest.mark.parametrize("legs", ["two legs", "wide feet", "three legs", "none"])
def test_figures_stand_on_the_ground(legs: str) -> None:
    made = _standing(replace(KNOWN, legs=legs), "flat")
    (thing,) = made.scene.objects
    centre = simulate(made.scene)[0].at(np.array([0.0])).y[0]
    assert centre - FOOT_Y * thing.radius == pytest.approx(made.scene.ground.stand)
    rows, _ = np.nonzero(_shown(made, 576, 1024))
    assert abs(rows.max() + 1 - (1 - made.scene.ground.stand) * 576) < 0.04 * thing.radius * 576


@pytest.mark.parametrize("size", ["medium", "large"])
def test_each_figure_in_a_film_is_nearest_to_its_own_portrait(size: str) -> None:
    figures = [sample_figure(seed) for seed in range(1000, 1010)]
    for number, figure in enumerate(figures):
        film = _standing(figure, "plain", size)
        radius = film.scene.objects[0].radius * 144
        state = simulate(film.scene)[0].at(np.array([0.0]))
        picture = np.where(_shown(film, 144, 256)[..., None], render_character(film, 144, 256, [0])[0], PAPER)
        seen = _around(picture, state.x[0] * 144, (1 - state.y[0]) * 144, radius)
        # At this height the figure in the portrait is as large as in the film.
        height = round(radius * (REACH + FOOT_Y) / TALL)
        likes = (portrait(other, height, 2 * height) for other in figures)
        row = height / 2 + (REACH - FOOT_Y) / 2 * radius
        away = [np.abs(seen - _around(like, height, row, radius)).mean() for like in likes]
        nearest, second = np.argsort(away)[:2]
        assert nearest == number, (figure, away)
        assert away[second] > 1.5 * away[nearest]


def _around(picture: Frame, column: float, row: float, radius: float) -> Frame:
    """The picture within 1.3 radii of a point, to whole pixels; beyond its edges is paper."""
    reach, edge = round(1.3 * radius), 64
    padded = np.full((picture.shape[0] + 2 * edge, picture.shape[1] + 2 * edge, 3), PAPER, float)
    padded[edge:-edge, edge:-edge] = picture
    top, left = round(row) + edge - reach, round(column) + edge - reach
    return padded[top : top + 2 * reach, left : left + 2 * reach]


def _shown(made: Appearance, height: int, width: int) -> Frame:
    """Where the figure is in the first frame [H,W]: what is not there without it."""
    without = render(made.scene, height, width, frames=[0], first=lambda *_: None)
    return (render_character(made, height, width, [0]) != without).any(-1)[0]


def _alike() -> list[Figure]:
    return [Figure("box", "red", "blue", *rest) for rest in product(TOPS, EYES, LEGS, PATTERNS)]


def _standing(figure: Figure, style: str, size: str = "large") -> Appearance:
    """The figure standing still somewhere."""
    for seed in range(2000):
        made = sample_character(seed, FILM, figure=figure)
        scene, (thing,) = made.scene, made.scene.objects
        if (thing.motion, thing.size, scene.camera, scene.weather, scene.fire) == (
            "still", size, "static", "none", None,
        ):  # fmt: skip
            return replace(made, scene=replace(scene, style=style))
    raise AssertionError("no such scene")


KNOWN = Figure("box", "red", "white", "crown", "two", "two legs", "belly")
HELD = Figure("box", "red", "white", "crown", "two", "two legs", "plain")
