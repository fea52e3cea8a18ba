import numpy as np

from training.world.album import characters, edits
from training.world.chance import Film
from training.world.figures import portrait, sample_character
from training.world.sheet import GAP

FILM = Film(8, 8)


def test_an_edit_is_two_rows_and_a_line() -> None:
    picture, texts = edits(range(2), FILM)
    assert picture.shape == (4 * (144 + GAP), 8 * (256 + GAP), 3)
    assert len(texts) == 2
    assert (picture[:144] != picture[144 + GAP : 288 + GAP]).any()


def test_a_character_begins_with_its_portrait() -> None:
    picture, texts = characters(range(1), FILM)
    assert picture.shape == (144 + GAP, 8 * (256 + GAP), 3)
    assert texts == [sample_character(0, FILM).caption]
    np.testing.assert_array_equal(picture[:144, :256], portrait(sample_character(0, FILM).figure, 144, 256))
