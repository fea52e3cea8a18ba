"""Networks and loops as models of Triton's Python backend: the only place where such a model answers.

Importable inside the backend alone, which brings ``triton_python_backend_utils``. ``execute`` catches
everything and always answers. A ``GenerationError`` carries that class's code before its message, so that
a client can tell what is not worth trying again from what is.
"""

import json
import os
import traceback
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import triton_python_backend_utils as pb

from services.contract import tensors
from services.contract.errors import GenerationError, InferenceUnavailable
from services.engines.dlpack import export
from services.engines.session import Session

Inputs = Mapping[str, Any]
Outputs = dict[str, Any]

# A backend built against numpy 1 reads arrays of numpy 2 as empty, without an error: they go by DLPack.
_NUMPY_2 = np.lib.NumpyVersion(np.__version__) >= "2.0.0"


class _Model:
    """What all models share: where they lie, and the types of their outputs.

    ``dims`` are the outputs' dimensions by name as the configuration has them, -1 for any, ``taken`` those of
    the inputs, and ``parameters`` its own.
    """

    def initialize(self, args: Mapping[str, str]) -> None:
        """Called by Triton once, before the first request."""
        self.folder = Path(args["model_repository"]) / args["model_version"]
        config = json.loads(args["model_config"])
        self._types = {out["name"]: pb.triton_string_to_numpy(out["data_type"]) for out in config["output"]}
        self.parameters = {
            name: value["string_value"] for name, value in config.get("parameters", {}).items()
        }
        self.dims = {out["name"]: tuple(out["dims"]) for out in config["output"]}
        self.taken = {given["name"]: tuple(given["dims"]) for given in config.get("input", [])}

    def _response(self, outputs: Outputs) -> Any:
        return pb.InferenceResponse(
            [_tensor(name, array, self._types[name]) for name, array in outputs.items()]
        )


class AnswerModel(_Model, ABC):
    """A model that gives one answer to a request."""

    @abstractmethod
    def answer(self, inputs: Inputs) -> Outputs:
        """Outputs by name. Raises GenerationError where the inputs can never be answered."""

    def execute(self, requests: list[Any]) -> list[Any]:
        """Called by Triton: an answer or an error to each request."""
        return [self._respond(request) for request in requests]

    def _respond(self, request: Any) -> Any:
        try:
            return self._response(self.answer(_inputs(request)))
        except Exception as error:  # noqa: BLE001 - an edge
            return pb.InferenceResponse([], _error(error))


class NetworkModel(AnswerModel):
    """A network: the ONNX graph beside its model.py, on the CPU.

    The parameter ``lean`` of its configuration is that of ``Session``.
    """

    def initialize(self, args: Mapping[str, str]) -> None:
        """Load the graph. Raises ConfigurationError where it is missing or wrong."""
        super().initialize(args)
        lean = self.parameters.get("lean") == "true"
        self._session = Session(
            self.folder / "model.onnx", threads=threads(), lean=lean, name=args["model_name"]
        )

    def answer(self, inputs: Inputs) -> Outputs:
        """Outputs of the graph."""
        return self._session.run(inputs)


class StreamModel(_Model, ABC):
    """A loop: a decoupled model that sends a message for every finished step."""

    @abstractmethod
    def stream(self, inputs: Inputs) -> Iterator[Outputs]:
        """Outputs of one step after the other."""

    def execute(self, requests: list[Any]) -> None:
        """Called by Triton: stream to each request until the end, its cancellation or an error."""
        for request in requests:
            self._send(request)

    def _send(self, request: Any) -> None:
        sender = request.get_response_sender()
        try:
            if sender.is_cancelled():
                return
            for outputs in self.stream(_inputs(request)):
                sender.send(self._response(outputs))
                if sender.is_cancelled():
                    return
        except Exception as error:  # noqa: BLE001 - an edge
            sender.send(pb.InferenceResponse([], _error(error)))
        finally:
            sender.send(flags=pb.TRITONSERVER_RESPONSE_COMPLETE_FINAL)


def call(model: str, inputs: Inputs, outputs: tuple[str, ...]) -> Outputs:
    """Run a network that Triton serves, from within a loop.

    Raises GenerationError where it says that the inputs can never be answered, else InferenceUnavailable.
    """
    response = pb.InferenceRequest(
        model_name=model,
        requested_output_names=list(outputs),
        inputs=[_tensor(name, _at_the_door(name, array)) for name, array in inputs.items()],
        preferred_memory=pb.PreferredMemory(pb.TRITONSERVER_MEMORY_CPU, 0),
    ).exec()
    if response.has_error():
        message = response.error().message()
        _, found, reason = message.partition(f"{GenerationError.code}: ")
        raise GenerationError(reason) if found else InferenceUnavailable(f"{model}: {message}")
    return {tensor.name(): _array(tensor) for tensor in response.output_tensors()}


def bytes_of(data: bytes) -> Any:
    """Bytes as an output."""
    return np.frombuffer(data, np.uint8).copy()


def threads() -> int:
    """Threads of a network on the CPU: ``MOVIOLA_THREADS``, else all cores that this process may use."""
    return int(os.environ.get("MOVIOLA_THREADS", 0)) or len(os.sched_getaffinity(0))


def _at_the_door(name: str, array: Any) -> Any:
    return array[:, None] if name in tensors.SCALARS else array


def _inputs(request: Any) -> Inputs:
    return {tensor.name(): _array(tensor) for tensor in request.inputs()}


def _array(tensor: Any) -> Any:
    return np.from_dlpack(tensor) if _NUMPY_2 else tensor.as_numpy()


def _tensor(name: str, array: Any, dtype: Any = None) -> Any:
    array = np.ascontiguousarray(array, dtype=dtype)
    return pb.Tensor.from_dlpack(name, export(array)) if _NUMPY_2 else pb.Tensor(name, array)


def _error(error: Exception) -> Any:
    if isinstance(error, GenerationError):
        return pb.TritonError(f"{error.code}: {error.message}", pb.TritonError.INVALID_ARG)
    pb.Logger.log_error(traceback.format_exc())
    return pb.TritonError(f"{type(error).__name__}: {error}", pb.TritonError.INTERNAL)
