from training.evaluation.axes import Matches
from training.evaluation.tally import Tally


def test_observations_add_up() -> None:
    tally = Tally()
    tally.right({"colour": True, "shape": False})
    tally.right({"colour": True})
    tally.matches("hits", Matches(heard=4, belonging=3, known=2, found=1))
    tally.value("PSNR", 30.0)
    tally.value("PSNR", 34.0)
    found = tally.estimates()
    assert (found["colour"].value, found["colour"].n) == (1.0, 2)
    assert found["shape"].value == 0
    assert (found["hits: precision"].value, found["hits: recall"].value) == (0.75, 0.5)
    assert found["PSNR"].value == 32


def test_what_was_never_there_has_no_line() -> None:
    tally = Tally()
    tally.matches("hits", Matches(0, 0, 0, 0))
    assert tally.estimates() == {}
