import numpy as np

from training.evaluation.lettering import FONT, HIGH, WIDE, written


def test_letters_are_drawn_and_lines_broken_between_words() -> None:
    one, two = written("a red ball", 200), written("a red ball", 7 * WIDE)
    assert one.shape == (HIGH + 2, 200, 3)
    assert two.shape == (2 * HIGH + 2, 7 * WIDE, 3)
    assert (one.max(), one.min()) == (235, 40)
    assert written("", 50).max() == 40


def test_letters_differ_and_capitals_are_small_ones() -> None:
    drawn = {letter: written(letter, 20).tobytes() for letter in FONT}
    assert len(set(drawn.values())) == len(FONT)
    assert (written("ABC", 40) == written("abc", 40)).all()


def test_what_has_no_letter_is_a_question_mark() -> None:
    assert np.array_equal(written("\u2603", 20), written("?", 20))
