"""Windows of frames through ``upsample_video``, by shared memory or by gRPC."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from services.contract import tensors
from services.contract.errors import GenerationError, InferenceUnavailable
from services.inference.door import Door, tensor_of, translated
from services.inference.memory import Region, remove_leftovers
from services.inference.orders import Bytes

MAX_BYTES = 6 * 2**20  # 2 frames of 1080p: more make the network larger, and not faster
MAX_FRAMES = 16


class Windows:
    """Upsamples frames window by window, each overwriting the last in one region of shared memory."""

    def __init__(self, door: Door, *, shared_memory: bool) -> None:
        self._door = door
        self._shared_memory = shared_memory
        self._region: Region | None = None

    def upsample(self, frames: Bytes, width: int, height: int) -> Iterator[Bytes]:
        """Planar 4:2:0 [m,height*3/2,width] of RGB frames [n,h,w,3], a few frames at a time."""
        count = max(1, min(MAX_FRAMES, MAX_BYTES // (width * height * 3 // 2)))
        for start in range(0, len(frames), count):
            window = np.ascontiguousarray(frames[start : start + count])
            shape = (len(window), height * 3 // 2, width)
            yield self._by_memory(window, shape) if self._shared_memory else self._by_grpc(window, shape)

    def close(self) -> None:
        """Give the shared memory back."""
        region, self._region = self._region, None
        if region is None:
            return
        try:
            self._door.client.unregister_system_shared_memory(region.name, client_timeout=2)
        except InferenceServerException:
            pass  # Triton is gone, and its mapping with it.
        finally:
            region.close()

    def _by_grpc(self, window: Bytes, shape: tuple[int, int, int]) -> Bytes:
        inputs = {tensors.FRAMES: window, tensors.SIZE: _size(shape)}
        yuv: Bytes = self._door.ask(tensors.UPSAMPLE_VIDEO, inputs, [tensors.YUV])[tensors.YUV]
        _check(yuv.shape, shape)
        return yuv

    def _by_memory(self, window: Bytes, shape: tuple[int, int, int]) -> Bytes:
        try:
            return self._exchange(window, shape)
        except InferenceUnavailable:
            # A late answer may still be written to it.
            self.close()
            raise

    def _exchange(self, window: Bytes, shape: tuple[int, int, int]) -> Bytes:
        size = int(np.prod(shape))
        region = self._ready(window.nbytes + size)
        region.buffer[: window.nbytes] = window.tobytes()
        frames = triton.InferInput(tensors.FRAMES, list(window.shape), "UINT8")
        frames.set_shared_memory(region.name, window.nbytes)
        yuv = triton.InferRequestedOutput(tensors.YUV)
        yuv.set_shared_memory(region.name, size, offset=window.nbytes)
        inputs = [frames, tensor_of(tensors.SIZE, _size(shape))]
        result = self._door.infer(tensors.UPSAMPLE_VIDEO, inputs, [yuv])
        _check(tuple(result.get_output(tensors.YUV).shape), shape)
        answer = np.frombuffer(region.buffer, np.uint8, size, offset=window.nbytes)
        return answer.reshape(shape).copy()

    def _ready(self, size: int) -> Region:
        if self._region is not None and (self._region.size < size or not self._is_known(self._region)):
            self.close()
        if self._region is None:
            self._region = self._register(size)
        return self._region

    def _is_known(self, region: Region) -> bool:
        """Whether Triton still maps it: not one that was started since."""
        try:
            status = self._door.client.get_system_shared_memory_status(client_timeout=2)
        except InferenceServerException as error:
            raise translated(tensors.UPSAMPLE_VIDEO, error) from error
        return region.name in status.regions

    def _register(self, size: int) -> Region:
        client, region = self._door.client, Region(size)
        try:
            for leftover in remove_leftovers():
                client.unregister_system_shared_memory(leftover, client_timeout=2)
            client.register_system_shared_memory(region.name, region.key, size, client_timeout=2)
        except InferenceServerException as error:
            region.close()
            raise translated(tensors.UPSAMPLE_VIDEO, error) from error
        return region


def _size(shape: tuple[int, int, int]) -> Any:
    _, planes, width = shape
    return np.array([planes * 2 // 3, width], dtype=np.int64)


def _check(shape: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    if tuple(shape) != wanted:
        raise GenerationError(f"upsampled frames are {tuple(shape)}, not {wanted}")
