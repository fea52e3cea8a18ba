"""Runs an ONNX graph under ONNX Runtime on CPU."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from services.contract.errors import ConfigurationError, GenerationError

Array = npt.NDArray[np.generic]

_ORT_ERRORS: tuple[type[Exception], ...] = tuple(
    error for error in vars(ort_errors).values() if isinstance(error, type) and issubclass(error, Exception)
)
_DTYPES: dict[str, np.dtype[np.generic]] = {
    f"tensor({name})": np.dtype(dtype)
    for name, dtype in {
        "float": np.float32,
        "float16": np.float16,
        "double": np.float64,
        "int64": np.int64,
        "int32": np.int32,
        "uint8": np.uint8,
        "bool": np.bool_,
    }.items()
}
_FATAL_ONLY = 4


@dataclass(frozen=True)
class Tensor:
    """A tensor of a graph's signature; a letter in ``shape`` is a dimension that may vary."""

    name: str
    dtype: np.dtype[np.generic]
    shape: tuple[int | str, ...]


class Session:
    """A loaded graph. Calls are independent and the same inputs give the same bytes.

    Errors call it ``name``. With ``lean`` each run gives its working memory back to the system: a fifth
    slower, and as much smaller between runs as the graph's activations are. Raises ConfigurationError where
    the file is missing, broken or not fit for CPU.
    """

    def __init__(self, path: Path, *, threads: int, lean: bool = False, name: str = "the network") -> None:
        self.name = name
        self._run_options = ort.RunOptions()
        if lean:
            self._run_options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        try:
            self._session = ort.InferenceSession(
                str(path), sess_options=_options(threads), providers=["CPUExecutionProvider"]
            )
        except _ORT_ERRORS as error:
            raise ConfigurationError(f"graph {path}: {error}") from error
        self.inputs = tuple(_tensor(path, value) for value in self._session.get_inputs())
        self.outputs = tuple(_tensor(path, value) for value in self._session.get_outputs())

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Answer with all outputs by name.

        Raises GenerationError where names, types or ranks of ``inputs`` are not those of the graph, or where
        their shapes do not go together.
        """
        self._check(inputs)
        names = [output.name for output in self.outputs]
        try:
            values = self._session.run(names, dict(inputs), self._run_options)
        except _ORT_ERRORS as error:
            raise GenerationError(f"{self.name}: {error}") from error
        return dict(zip(names, values, strict=True))

    def _check(self, inputs: Mapping[str, Array]) -> None:
        wanted = {tensor.name for tensor in self.inputs}
        if inputs.keys() != wanted:
            raise GenerationError(f"{self.name}: inputs are {sorted(wanted)}, not {sorted(inputs)}")
        for tensor in self.inputs:
            array = inputs[tensor.name]
            if array.dtype != tensor.dtype or array.ndim != len(tensor.shape):
                raise GenerationError(
                    f"{self.name}: {tensor.name} is {tensor.dtype}{list(tensor.shape)}, "
                    f"not {array.dtype}{list(array.shape)}"
                )


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.use_deterministic_compute = True
    options.log_severity_level = _FATAL_ONLY
    # Sessions share the cores: a thread that spins takes them from the others.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Outside the arena, a weight is freed once it has been packed or folded into another.
    options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")
    return options


def _tensor(path: Path, value: ort.NodeArg) -> Tensor:
    dtype = _DTYPES.get(value.type)
    if dtype is None:
        raise ConfigurationError(f"graph {path}: {value.name} has type {value.type}")
    return Tensor(value.name, dtype, tuple(value.shape))
