import time

import pytest

from training.recipes.division import Division
from training.recipes.order import Order


def test_encoding_is_behind_until_it_has_had_its_part(order: Order) -> None:
    division = Division(order, 0.25)
    now = division.trained(time.monotonic() - 3.0)
    assert division.behind
    division.encoded(now - 0.5)
    assert division.behind
    division.encoded(time.monotonic() - 2.0)
    assert not division.behind
    assert division.training_s == pytest.approx(3.0 * 0.98**2, abs=0.05)


def test_what_is_long_ago_counts_less(order: Order) -> None:
    division = Division(order, 0.5)
    division.encoded(time.monotonic() - 1.0)
    for _ in range(200):
        division.trained(time.monotonic() - 0.01)
    assert division.behind
