import time
from dataclasses import replace

import pytest

from training.recipes.division import Division
from training.recipes.order import Order
from training.recipes.pace import Pace


def test_encoding_is_behind_until_it_has_had_its_part(order: Order) -> None:
    division = Division(order, Pace(order), 0.25, 1.0)
    now = division.trained(time.monotonic() - 3.0)
    assert division.behind
    division.encoded(now - 0.5)
    assert division.behind
    division.encoded(time.monotonic() - 2.0)
    assert not division.behind
    assert division.training_s == pytest.approx(3.0 * 0.98**2, abs=0.05)


def test_what_is_long_ago_counts_less(order: Order) -> None:
    division = Division(order, Pace(order), 0.5, 1.0)
    division.encoded(time.monotonic() - 1.0)
    for _ in range(200):
        division.trained(time.monotonic() - 0.01)
    assert division.behind


def test_by_the_clock_nothing_waits_for_clips(order: Order) -> None:
    division = Division(order, Pace(order), 0.25, 1.0)
    division.trained(time.monotonic() - 3.0)
    assert division.due(clips=1000, ready=True)
    assert not division.due(clips=0, ready=False)


def test_by_steps_each_has_its_clips_whatever_the_time(order: Order) -> None:
    pace = Pace(replace(order, steps=10))
    division = Division(order, pace, 0.25, 2.5)
    pace.advance()
    pace.advance()
    assert division.due(clips=4, ready=False)
    assert not division.due(clips=5, ready=True)
