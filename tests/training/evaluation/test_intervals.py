import pytest

from training.evaluation.intervals import mean, share


def test_wilson_gives_the_published_interval() -> None:
    # Newcombe (1998), table I: 81 of 263.
    one = share(81, 263)
    assert (round(one.low, 4), round(one.high, 4)) == (0.2553, 0.3662)
    assert one.value == pytest.approx(0.308, abs=1e-3)


def test_shares_at_the_ends_stay_within_0_and_1() -> None:
    assert share(0, 20).low == 0
    assert share(20, 20).high == 1
    assert share(20, 20).low == pytest.approx(0.839, abs=1e-3)


def test_the_mean_has_an_interval_that_shrinks_with_n() -> None:
    few, many = mean([1.0, 3.0] * 4), mean([1.0, 3.0] * 100)
    assert few.value == many.value == 2
    assert many.high - many.low < few.high - few.low
    assert mean([1.0, 3.0] * 4) == few


def test_no_observations_have_no_estimate() -> None:
    for wrong in ((0, 0), (3, 2)):
        with pytest.raises(ValueError, match="no share"):
            share(*wrong)
    with pytest.raises(ValueError, match="no mean"):
        mean([])
