import numpy as np
import pytest

from training.measures.palette import NAMES, PAINTS, paint_distances
from training.world.strokes import PAINT


def test_the_paints_are_those_of_the_world() -> None:
    assert PAINTS == PAINT


@pytest.mark.parametrize("name", NAMES)
def test_a_paint_in_shade_and_in_light_keeps_its_name(name: str) -> None:
    base = np.array(PAINTS[name], np.float32)
    looks = np.stack([base, 0.75 * base, base * 0.8 + 255 * 0.2])
    away = paint_distances(looks)
    assert away.argmin(1).tolist() == [NAMES.index(name)] * 3
    assert away.min(1).max() < 4
