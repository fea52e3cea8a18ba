import numpy as np
import pytest

from workers.saved import pack, unpack

NOISE = np.random.default_rng(0).normal(size=(3, 50)).astype(np.float32)


def test_arrays_come_back_to_the_bit() -> None:
    saved = unpack(pack(noise=NOISE, step=3, empty=NOISE[:0]))
    assert saved is not None
    assert saved["noise"].tobytes() == NOISE.tobytes()
    assert (int(saved["step"]), saved["empty"].shape) == (3, (0, 50))


@pytest.mark.parametrize("cut", [0, 1, 40, 300, -1])
def test_what_is_cut_off_is_damaged(cut: int) -> None:
    assert unpack(pack(noise=NOISE)[:cut]) is None


def test_a_flipped_bit_is_found() -> None:
    data = bytearray(pack(noise=NOISE))
    data[400] ^= 4
    assert unpack(bytes(data)) is None
