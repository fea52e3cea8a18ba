import numpy as np

from training.measures.portraits import nearest
from training.world.chance import Film
from training.world.figures import portrait, render_character, sample_character, sample_figure

FILM = Film(16, 8, 16 / 9)


def test_a_figure_is_recognized_among_ten() -> None:
    right = 0
    for seed in range(8):
        seen = sample_character(seed, FILM, "heldout")
        others = [sample_figure(100 + 10 * seed + k, "heldout") for k in range(9)]
        shown = [portrait(figure, 144, 256) for figure in (*others[:4], seen.figure, *others[4:])]
        right += nearest(render_character(seen, 144, 256), shown) == 4
    assert right >= 7


def test_another_figure_is_not_recognized() -> None:
    wrong = 0
    for seed in range(5):
        seen, other = (sample_character(seed + k, FILM, "heldout") for k in (0, 50))
        shown = [portrait(figure, 144, 256) for figure in (seen.figure, other.figure)]
        wrong += nearest(render_character(other, 144, 256), shown) == 1
    assert wrong >= 4


def test_an_empty_film_has_no_figure() -> None:
    shown = [portrait(sample_figure(1), 72, 128)]
    assert nearest(np.full((4, 72, 128, 3), 128, np.uint8), shown) is None
