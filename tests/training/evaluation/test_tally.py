import json

import pytest

from training.evaluation.axes import Matches
from training.evaluation.tally import Tally, total


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


def one(right: bool, value: float) -> Tally:
    tally = Tally()
    tally.right({"colour": right})
    tally.value("PSNR", value)
    return tally


def test_scenes_one_by_one_are_all_of_them() -> None:
    whole = total([one(True, 30.125), one(False, 1 / 3)])
    assert whole.shares == {"colour": [(1, 1), (0, 1)]}
    assert whole.values == {"PSNR": [30.125, 1 / 3]}
    assert total([]).estimates() == {}


def test_a_tally_comes_back_from_its_data() -> None:
    tally = one(True, 1 / 3)
    tally.matches("hits", Matches(4, 3, 2, 1))
    back = Tally.of(json.loads(json.dumps(tally.data)))
    assert back == tally
    assert back.estimates() == tally.estimates()


@pytest.mark.parametrize("data", [{}, {"shares": {"colour": [1]}, "values": {}}, {"shares": {}, "values": 3}])
def test_other_data_is_no_tally(data: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Tally.of(data)
