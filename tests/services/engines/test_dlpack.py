import gc

import numpy as np
import pytest

from services.engines.dlpack import export, held


@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.int32, np.int64])
@pytest.mark.parametrize("shape", [(3,), (2, 3, 4), (0, 2)])
def test_an_array_arrives_as_it_is(dtype: type, shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape), dtype=dtype).reshape(shape)
    array.flags.writeable = False
    taken = np.from_dlpack(export(array))
    assert (taken.dtype, taken.shape) == (array.dtype, shape)
    assert (taken == array).all()


def test_what_is_not_contiguous_is_copied() -> None:
    array = np.arange(6).reshape(2, 3).T
    assert (np.from_dlpack(export(array)) == array).all()


def test_the_array_lives_as_long_as_who_took_it() -> None:
    before = held()
    taken = np.from_dlpack(export(np.full(1000, 7)))
    gc.collect()
    assert held() == before + 1
    assert (taken == 7).all()
    del taken
    assert held() == before


def test_objects_are_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        export(np.array([None]))
