import time
from pathlib import Path

import pytest

from services.contract.errors import ConfigurationError
from training.recipes.order import Order
from training.recipes.pace import Pace


def test_steps_are_parts_of_their_number(tmp_path: Path) -> None:
    pace = Pace(Order("tae", tmp_path, steps=4))
    parts = []
    while pace.more():
        parts.append(pace.part)
        pace.advance()
    assert parts == [0.0, 0.25, 0.5, 0.75]
    assert pace.part == 1.0
    assert pace.encodes(by_clock=False, by_steps=True)
    assert not pace.encodes(by_clock=True, by_steps=False)


def test_the_clock_runs_from_0_to_1_and_no_further(tmp_path: Path) -> None:
    pace = Pace(Order("tae", tmp_path, until=time.time() + 100))
    assert pace.more()
    assert pace.part < 0.01
    pace.start -= 50
    assert pace.more()
    assert 0.33 < pace.part < 0.34
    pace.start -= 1e6
    pace.until = time.time() - 1
    assert not pace.more()
    assert pace.part == 1.0
    assert pace.left_s == 0.0


def by_clock(work: Path) -> Pace:
    pace = Pace(Order("tae", work, until=time.time() + 100))
    for n in range(5):
        pace.start -= 10
        assert pace.more()
        pace.advance()
        pace.encodes(by_clock=n in (1, 2), by_steps=False)
    return pace


def test_a_run_by_the_clock_can_be_repeated_from_its_record(tmp_path: Path) -> None:
    first = by_clock(tmp_path)
    first.write()
    again = Pace(Order("tae", tmp_path / "later", repeat=tmp_path))
    parts, encoded = [], []
    while again.more():
        parts.append(again.part)
        again.advance()
        if again.encodes(by_clock=False, by_steps=True):
            encoded.append(again.step)
    assert parts == first.record.parts
    assert encoded == first.record.encoded == [2, 3]


def test_there_may_be_no_record_to_repeat(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"tae\.pace"):
        Pace(Order("tae", tmp_path, repeat=tmp_path))


def test_what_is_left_of_a_run_has_the_time_that_is_left(tmp_path: Path) -> None:
    first = by_clock(tmp_path)
    later = Pace(Order("tae", tmp_path, until=time.time() + 10))
    later.recall(first.facts())
    assert later.step == 5
    assert later.more()
    assert later.part == pytest.approx(first.part, abs=0.01)
    later.start -= 10
    assert later.more()
    assert later.part == pytest.approx((1 + first.part) / 2, abs=0.01)
    assert later.record == first.record
