import math

import torch
from torch import Tensor

from services.contract import layout as columns
from services.families.moviegen.layout_field import (
    FARTHEST,
    QUARTERS,
    LayoutField,
    LayoutFieldParams,
    Outlines,
    points,
)

SMALL = LayoutFieldParams(width=8, features=8)
# The upper left quarter of a cell has its middle this far from that of the cell.
OFF = 0.25 / 18


def thing(x: float, y: float, radius: float, angle: float = 0.0) -> Tensor:
    """A layout [1,K,1,A] with one thing, placed in heights of the picture."""
    layout = torch.zeros(1, columns.SLOTS, 1, columns.COLUMNS)
    layout[:, 0, :, columns.THERE] = 1.0
    layout[:, 0, :, columns.X] = columns.PLACE_SCALE * x
    layout[:, 0, :, columns.Y] = columns.PLACE_SCALE * y
    layout[:, 0, :, columns.RADIUS] = columns.RADIUS_SCALE * (radius - columns.RADIUS_MIDDLE)
    layout[:, 0, :, columns.COSINE] = math.cos(angle)
    layout[:, 0, :, columns.SINE] = math.sin(angle)
    return layout


def ways(layout: Tensor, row: int, column: int) -> tuple[float, ...]:
    """The upper left quarter of a cell of 18 x 32 as the first thing sees it at its first moment."""
    seen: list[float] = points(layout, 18, 32)[0, 0, 0, row, column, 0, 0].tolist()
    return tuple(seen)


def near(found: tuple[float, ...], *expected: float) -> bool:
    return all(math.isclose(a, b, abs_tol=1e-4) for a, b in zip(found, expected, strict=True))


def test_points_are_seen_from_the_thing_in_its_radii() -> None:
    middle = thing(0.5 / 18 - OFF, 0.5 / 18 + OFF, 0.1)
    cell = 1 / 18 / 0.1
    assert near(ways(middle, 8, 16), 0, 0, cell)
    assert near(ways(middle, 8, 17), cell, 0, cell)
    assert near(ways(middle, 6, 16), 0, 2 * cell, cell)
    assert ways(middle, 8, 31)[0] == FARTHEST


def test_quarters_come_row_by_row() -> None:
    seen = points(thing(0.5 / 18, 0.5 / 18, 0.1), 18, 32)[0, 0, 0, 8, 16, 0]
    assert torch.sign(seen[:, :2]).tolist() == [[-1, 1], [1, 1], [-1, -1], [1, -1]]


def test_a_turned_thing_sees_what_is_above_it_at_its_right() -> None:
    turned = thing(0.5 / 18 - OFF, 0.5 / 18 + OFF, 0.1, math.pi / 2)
    assert near(ways(turned, 6, 16)[:2], 2 / 18 / 0.1, 0)


def test_outlines_speak_of_each_quarter_at_each_moment() -> None:
    covered, more = Outlines(SMALL)(thing(0.0, 0.0, 0.1), 6, 10)
    assert covered.shape == (1, columns.SLOTS, 1, 6, 10, columns.MOMENTS, QUARTERS, QUARTERS)
    assert more.shape == (*covered.shape[:-1], SMALL.more)


def test_the_field_is_nothing_without_things_and_grows_with_each() -> None:
    torch.manual_seed(0)
    field = LayoutField(SMALL)
    nothing = torch.zeros(1, columns.SLOTS, 2, columns.COLUMNS)
    assert field(nothing, 6, 10).shape == (1, 8, 2, 6, 10)
    assert not field(nothing, 6, 10).any()
    nothing[..., columns.THERE] = -1.0
    assert not field(nothing, 6, 10).any()
    one, other = thing(-0.3, 0.0, 0.1), thing(0.3, 0.1, 0.2)
    both = one.clone()
    both[:, 1] = other[:, 0]
    torch.testing.assert_close(field(both, 6, 10), field(one, 6, 10) + field(other, 6, 10))
