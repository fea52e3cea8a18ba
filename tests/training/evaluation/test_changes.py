from collections.abc import Callable

import numpy as np
import pytest

from training.evaluation.changes import continued, edited, goes_on, is_done, with_character
from training.evaluation.work import FORMAT, Work
from training.measures.reading import read_film
from training.world.chance import sample_scene
from training.world.edits import KINDS, sample_edit
from training.world.figures import render_character, sample_character
from training.world.render import render

WorkOf = Callable[..., Work]


def target(_section: str, seed: int) -> np.ndarray:
    return render(sample_edit(seed, FORMAT, "heldout").target, 144, 256)


def source(_section: str, seed: int) -> np.ndarray:
    return render(sample_edit(seed, FORMAT, "heldout").source, 144, 256)


def test_true_edits_are_done_and_leave_the_rest_alone(work_of: WorkOf) -> None:
    found = edited(work_of(target), 6).estimates()
    assert found["change done"].value >= 0.83
    assert found["PSNR outside the mask"].value == 99


def test_what_was_left_as_it_was_is_not_done(work_of: WorkOf) -> None:
    found = edited(work_of(source), 6).estimates()
    assert found["change done"].value <= 0.17
    assert found["PSNR outside the mask"].value == 99


def test_an_edit_that_leaks_is_noticed(work_of: WorkOf) -> None:
    def leaking(section: str, seed: int) -> np.ndarray:
        film = target(section, seed).copy()
        film[:, :40] = np.clip(film[:, :40].astype(int) + 25, 0, 255)
        return film

    assert edited(work_of(leaking), 4).estimates()["PSNR outside the mask"].value < 30


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_edit_can_be_told(kind: str) -> None:
    edits = [sample_edit(seed, FORMAT, "heldout", kind) for seed in range(30)]
    # Cells and strokes hide what falls.
    shown = [edit for edit in edits if edit.source.style not in ("pixelated", "pencil")][:3]
    told = []
    for edit in shown:
        films = (render(scene, 144, 256) for scene in (edit.target, edit.source))
        told.append([is_done(edit, read_film(film, 16)) for film in films])
    judged = [pair for pair in told if None not in pair]
    assert judged
    assert all(pair == [True, False] for pair in judged)


def test_a_true_film_goes_on_and_a_frozen_or_other_one_does_not(work_of: WorkOf) -> None:
    def true(_section: str, seed: int) -> np.ndarray:
        return render(sample_scene(seed, FORMAT, "heldout"), 144, 256)

    def frozen(section: str, seed: int) -> np.ndarray:
        film = true(section, seed)
        return np.concatenate([film[:16], np.repeat(film[:1], 16, 0)])

    found = continued(work_of(true), 3).estimates()
    assert (found["motion goes on"].value, found["PSNR at the seam"].value) == (1, 99)
    assert continued(work_of(frozen), 4).estimates()["motion goes on"].value < 0.7
    assert continued(work_of(lambda s, k: true(s, k + 1)), 3).estimates()["motion goes on"].value == 0


def test_nothing_goes_on_where_nothing_is_seen() -> None:
    blank = read_film(np.full((32, 144, 256, 3), 128, np.uint8), 16)
    film = read_film(render(sample_scene(1, FORMAT), 144, 256), 16)
    assert not goes_on(blank, film)
    assert not goes_on(film, blank)


def test_figures_are_recognized_and_others_are_not(work_of: WorkOf) -> None:
    def figure(shift: int) -> Callable[[str, int], np.ndarray]:
        return lambda _s, seed: render_character(sample_character(seed + shift, FORMAT, "heldout"), 144, 256)

    assert with_character(work_of(figure(0)), 5).estimates()["right one of ten"].value == 1
    assert with_character(work_of(figure(40)), 5).estimates()["right one of ten"].value < 0.5
