import numpy as np
import pytest

from services.sampling.guidance import guide


@pytest.mark.parametrize(("scale", "expected"), [(0, 1.0), (1, 3.0), (2.5, 6.0)])
def test_goes_from_the_first_row_through_the_second(scale: float, expected: float) -> None:
    guided = guide(np.stack([np.full(4, 1, np.float32), np.full(4, 3, np.float32)]), scale)
    assert guided.tolist() == [expected] * 4
    assert guided.dtype == np.float32
