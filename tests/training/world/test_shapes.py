import numpy as np
import pytest

from training.world.scene import SHAPES
from training.world.shapes import BOUND, FOOT, SHAPE, SIDE

LINE = np.linspace(-1.3, 1.3, 521, dtype=np.float32)
X, Y = np.meshgrid(LINE, LINE)


@pytest.mark.parametrize("shape", SHAPES)
def test_extent_is_as_the_tables_say(shape: str) -> None:
    inside = SHAPE[shape](X, Y) < 0
    assert -Y[inside].min() == pytest.approx(FOOT[shape], abs=0.02)
    assert np.abs(X[inside]).max() == pytest.approx(SIDE[shape], abs=0.02)
    assert np.hypot(X, Y)[inside].max() < BOUND


@pytest.mark.parametrize("shape", SHAPES)
def test_distance_grows_as_the_way_near_the_outline(shape: str) -> None:
    distance = SHAPE[shape](X, Y)
    slope = np.hypot(*np.gradient(distance, float(LINE[1] - LINE[0])))
    near = np.abs(distance) < 0.03
    assert np.median(slope[near]) == pytest.approx(1, abs=0.02)


def test_shapes_are_told_apart() -> None:
    areas = {shape: int((SHAPE[shape](X, Y) < 0).sum()) for shape in SHAPES}
    assert SHAPE["ring"](np.zeros(1, np.float32), np.zeros(1, np.float32))[0] > 0
    assert len(set(areas.values())) == len(SHAPES)
