import math

import torch
from torch import Tensor

from services.contract import layout as columns
from services.families.moviegen.layout_field import FARTHEST, LayoutField, LayoutFieldParams, views


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


def ways(layout: Tensor, row: int, column: int) -> tuple[float, float]:
    """A cell of 18 x 32 as the first thing sees it at its first moment."""
    seen = views(layout, 18, 32)[0, 0, 0, row, column]
    return float(seen[0]), float(seen[columns.MOMENTS])


def test_cells_are_seen_from_the_thing_in_its_radii() -> None:
    middle = thing(0.5 / 18, 0.5 / 18, 0.1)
    u, v = ways(middle, 8, 16)
    assert abs(u) < 1e-5
    assert abs(v) < 1e-5
    u, v = ways(middle, 8, 17)
    assert abs(u - 1 / 18 / 0.1) < 1e-5
    assert abs(v) < 1e-5
    u, v = ways(middle, 6, 16)
    assert abs(v - 2 / 18 / 0.1) < 1e-5
    assert ways(middle, 8, 31)[0] == FARTHEST


def test_a_turned_thing_sees_what_is_above_it_at_its_right() -> None:
    turned = thing(0.5 / 18, 0.5 / 18, 0.1, math.pi / 2)
    u, v = ways(turned, 6, 16)
    assert abs(u - 2 / 18 / 0.1) < 1e-4
    assert abs(v) < 1e-4


def test_how_near_a_cell_is_falls_with_its_distance() -> None:
    near = views(thing(0.0, 0.0, 0.1), 18, 32)[0, 0, 0, :, :, 2 * columns.MOMENTS]
    assert near[8, 15] > 0.7
    assert near[8, 20] < 0.05


def test_the_field_is_nothing_without_things_and_grows_with_each() -> None:
    torch.manual_seed(0)
    field = LayoutField(LayoutFieldParams(width=16, features=8))
    nothing = torch.zeros(1, columns.SLOTS, 2, columns.COLUMNS)
    assert field(nothing, 6, 10).shape == (1, 8, 2, 6, 10)
    assert not field(nothing, 6, 10).any()
    nothing[..., columns.THERE] = -1.0
    assert not field(nothing, 6, 10).any()
    one, other = thing(-0.3, 0.0, 0.1), thing(0.3, 0.1, 0.2)
    both = one.clone()
    both[:, 1] = other[:, 0]
    torch.testing.assert_close(field(both, 6, 10), field(one, 6, 10) + field(other, 6, 10))
