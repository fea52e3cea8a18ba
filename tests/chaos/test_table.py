import pytest

from tests.chaos.outcome import Outcome
from tests.chaos.table import markdown, quantile


def test_quantiles_are_values_that_were_seen() -> None:
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile([float(n) for n in range(1, 101)], 0.99) == 99.0
    with pytest.raises(ValueError, match="no values"):
        quantile([], 0.5)


def test_a_broken_invariant_is_said() -> None:
    good = Outcome(case="good", accepted=2, completed=1, deleted=1, recoveries_s=[1.0, 9.0])
    short = Outcome(case="short", accepted=2, completed=1)
    lost = Outcome(case="bad", accepted=1, completed=1, lost=1)
    assert [one.holds for one in (good, short, lost)] == [True, False, False]
    table = markdown([good, lost])
    assert "| good | 2 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 1.0 / 9.0 | 0 | holds |" in table
    assert "| all | 3 | 0 | 1 |" in table
    assert table.count("BROKEN") == 2
