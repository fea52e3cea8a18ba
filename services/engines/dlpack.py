"""Arrays by DLPack to a consumer that does not go by the whole protocol.

Triton's Python backend marks a capsule that it has taken with a name of its own, at which the capsule of
numpy complains on every tensor; and numpy does not export what is read-only. Layout: dlpack.h, version 0.8.
"""

import ctypes
from typing import Any

import numpy as np
import numpy.typing as npt

CPU = 1
_CODES = {"i": 0, "u": 1, "f": 2}


class _Tensor(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


_Deleter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class _Managed(ctypes.Structure):
    _fields_ = (("tensor", _Tensor), ("context", ctypes.c_void_p), ("deleter", _Deleter))


# What consumers hold, by address, until they delete it.
_held: dict[int, tuple[Any, ...]] = {}


def _release(address: int) -> None:
    _held.pop(address)


_RELEASE = _Deleter(_release)


class Export:
    """A C-contiguous array of numbers, kept alive until the consumer of its capsule deletes it."""

    def __init__(self, array: npt.NDArray[Any]) -> None:
        self._array = array

    def __dlpack_device__(self) -> tuple[int, int]:
        return CPU, 0

    def __dlpack__(self, **_: Any) -> Any:
        array = self._array
        shape = (ctypes.c_int64 * array.ndim)(*array.shape)
        managed = _Managed(deleter=_RELEASE)
        managed.tensor.data = array.ctypes.data
        managed.tensor.device_type = CPU
        managed.tensor.ndim = array.ndim
        managed.tensor.code = _CODES[array.dtype.kind]
        managed.tensor.bits = array.dtype.itemsize * 8
        managed.tensor.lanes = 1
        managed.tensor.shape = shape
        address = ctypes.addressof(managed)
        _held[address] = (managed, shape, array)
        return _capsule(address)


def held() -> int:
    """How many arrays consumers hold."""
    return len(_held)


def _capsule(address: int) -> Any:
    new = ctypes.pythonapi.PyCapsule_New
    new.restype = ctypes.py_object
    new.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    return new(address, b"dltensor", None)


def export(array: npt.NDArray[Any]) -> Export:
    """``array`` for a consumer, copied if not C-contiguous. Raises TypeError if it is not of numbers."""
    if array.dtype.kind not in _CODES:
        raise TypeError(f"arrays of {array.dtype} do not go by DLPack")
    return Export(np.ascontiguousarray(array))
