from collections.abc import Callable

import numpy as np
import pytest

from training.evaluation.changes import continued, edited, goes_on, is_done, with_character
from training.evaluation.intervals import Estimate
from training.evaluation.sections import SECTIONS, SHORT
from training.evaluation.work import FORMAT, Work
from training.measures.reading import read_film
from training.world.chance import sample_scene
from training.world.edits import KINDS, sample_edit
from training.world.figures import render_character, sample_character
from training.world.render import render

WorkOf = Callable[..., Work]
Estimated = Callable[..., dict[str, Estimate]]


def target(_section: str, seed: int) -> np.ndarray:
    return render(sample_edit(seed, FORMAT, "heldout").target, 144, 256)


def source(_section: str, seed: int) -> np.ndarray:
    return render(sample_edit(seed, FORMAT, "heldout").source, 144, 256)


def test_true_edits_are_done_and_leave_the_rest_alone(work_of: WorkOf, estimated: Estimated) -> None:
    found = estimated(edited, work_of(target), 6)
    assert found["change done"].value >= 0.83
    assert found["PSNR outside the mask"].value == 99


def test_what_was_left_as_it_was_is_not_done(work_of: WorkOf, estimated: Estimated) -> None:
    found = estimated(edited, work_of(source), 6)
    assert found["change done"].value <= 0.17
    assert found["PSNR outside the mask"].value == 99


def test_an_edit_that_leaks_is_noticed(work_of: WorkOf, estimated: Estimated) -> None:
    def leaking(section: str, seed: int) -> np.ndarray:
        film = target(section, seed).copy()
        film[:, :40] = np.clip(film[:, :40].astype(int) + 25, 0, 255)
        return film

    assert estimated(edited, work_of(leaking), 4)["PSNR outside the mask"].value < 30


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


def test_a_true_film_goes_on_and_a_frozen_one_does_not(work_of: WorkOf, estimated: Estimated) -> None:
    def true(_section: str, seed: int) -> np.ndarray:
        return render(sample_scene(seed, FORMAT, "heldout"), 144, 256)

    def frozen(section: str, seed: int) -> np.ndarray:
        film = true(section, seed)
        return np.concatenate([film[:16], np.repeat(film[:1], 16, 0)])

    found = estimated(continued, work_of(true), 3)
    assert (found["motion goes on"].value, found["PSNR at the seam"].value) == (1, 99)
    assert estimated(continued, work_of(frozen), 4)["motion goes on"].value < 0.7
    assert estimated(continued, work_of(lambda s, k: true(s, k + 1)), 3)["motion goes on"].value == 0


def test_nothing_goes_on_where_nothing_is_seen() -> None:
    blank = read_film(np.full((32, 144, 256, 3), 128, np.uint8), 16)
    film = read_film(render(sample_scene(1, FORMAT), 144, 256), 16)
    assert not goes_on(blank, film)
    assert not goes_on(film, blank)


def test_a_second_is_enough_to_tell_edits_and_figures(work_of: WorkOf, estimated: Estimated) -> None:
    edit, figure = SECTIONS["edit of 1 s"].measure, SECTIONS["character of 1 s"].measure

    def made(shift: int) -> Callable[[str, int], np.ndarray]:
        def film(section: str, seed: int) -> np.ndarray:
            if section == "edit of 1 s":
                pair = sample_edit(seed, SHORT, "heldout")
                return render(pair.source if shift else pair.target, 144, 256)
            assert section == "character of 1 s"
            return render_character(sample_character(seed + shift, SHORT, "heldout"), 144, 256)

        return film

    true, other = work_of(made(0)), work_of(made(40))
    assert estimated(edit, true, 5)["change done"].value >= 0.8
    assert estimated(edit, other, 5)["change done"].value <= 0.2
    assert estimated(figure, true, 4)["right one of ten"].value == 1
    assert estimated(figure, other, 4)["right one of ten"].value < 0.5


def test_figures_are_recognized_and_others_are_not(work_of: WorkOf, estimated: Estimated) -> None:
    def figure(shift: int) -> Callable[[str, int], np.ndarray]:
        return lambda _s, seed: render_character(sample_character(seed + shift, FORMAT, "heldout"), 144, 256)

    assert estimated(with_character, work_of(figure(0)), 5)["right one of ten"].value == 1
    assert estimated(with_character, work_of(figure(40)), 5)["right one of ten"].value < 0.5
