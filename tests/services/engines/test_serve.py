"""The edge of the models, with a stand-in for the module that Triton's backend brings."""

import importlib
import json
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from services.contract.errors import GenerationError, InferenceUnavailable
from services.engines.dlpack import CPU, export

FINAL = 1
ARGS = {
    "model_repository": "/models/m",
    "model_version": "1",
    "model_config": json.dumps(
        {
            "input": [{"name": "shape", "data_type": "TYPE_INT64", "dims": [3]}],
            "output": [{"name": "step", "data_type": "TYPE_INT32", "dims": [1]}],
        }
    ),
}


class Tensor:
    def __init__(self, name: str, array: np.ndarray) -> None:
        self.name, self.as_numpy = lambda: name, lambda: array

    @classmethod
    def from_dlpack(cls, name: str, array: Any) -> "Tensor":
        return cls(name, np.from_dlpack(array))

    def __dlpack__(self, **_: Any) -> Any:
        return export(self.as_numpy()).__dlpack__()

    def __dlpack_device__(self) -> tuple[int, int]:
        return CPU, 0


class Response:
    def __init__(self, tensors: list[Tensor], error: tuple[str, str] | None = None) -> None:
        self.outputs, self.error = {tensor.name(): tensor.as_numpy() for tensor in tensors}, error


class Request:
    def __init__(self, *inputs: Tensor, cancel_after: int = 1000) -> None:
        self.inputs = lambda: list(inputs)
        self.sent: list[Response] = []
        self.finals = 0
        self._cancel_after = cancel_after

    def get_response_sender(self) -> "Request":
        return self

    def is_cancelled(self) -> bool:
        return len(self.sent) >= self._cancel_after

    def send(self, response: Response | None = None, flags: int = 0) -> None:
        assert not self.finals, "nothing may follow the final flag"
        self.finals += flags == FINAL
        if response is not None:
            self.sent.append(response)


@pytest.fixture(params=[False, True], ids=["numpy1", "numpy2"])
def serve(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module, as it passes arrays beside either numpy."""
    backend = ModuleType("triton_python_backend_utils")
    error = lambda message, kind: (message, kind)  # noqa: E731
    error.INVALID_ARG, error.INTERNAL = "invalid", "internal"  # type: ignore[attr-defined]
    vars(backend).update(
        TRITONSERVER_RESPONSE_COMPLETE_FINAL=FINAL,
        TRITONSERVER_MEMORY_CPU=0,
        Tensor=Tensor,
        InferenceResponse=Response,
        TritonError=error,
        Logger=SimpleNamespace(log_error=print),
        PreferredMemory=lambda *_: None,
        triton_string_to_numpy={"TYPE_INT32": np.int32}.__getitem__,
    )
    monkeypatch.setitem(sys.modules, backend.__name__, backend)
    monkeypatch.delitem(sys.modules, "services.engines.serve", raising=False)
    module = importlib.import_module("services.engines.serve")
    monkeypatch.delitem(sys.modules, "services.engines.serve")
    monkeypatch.setattr(module, "_NUMPY_2", request.param)
    return module


def counting(serve: ModuleType, failure: Exception | None = None) -> Any:
    """A loop of five steps that fails after the second, if at all."""

    class Counting(serve.StreamModel):  # type: ignore[name-defined, misc]
        def stream(self, inputs: dict[str, Any]) -> Iterator[dict[str, Any]]:
            for step in inputs.get("steps", range(1, 6)):
                if step == 3 and failure:
                    raise failure
                yield {"step": [step]}

    model = Counting()
    model.initialize(ARGS)
    return model


def steps(request: Request) -> list[int]:
    return [int(response.outputs["step"][0]) for response in request.sent if response.error is None]


def test_a_model_knows_the_dimensions_of_its_tensors(serve: ModuleType) -> None:
    model = counting(serve)
    assert (model.taken, model.dims) == ({"shape": (3,)}, {"step": (1,)})


def test_a_stream_sends_each_step_and_a_final_flag(serve: ModuleType) -> None:
    request = Request()
    counting(serve).execute([request])
    assert steps(request) == [1, 2, 3, 4, 5]
    assert request.sent[0].outputs["step"].dtype == np.int32
    assert request.finals == 1


@pytest.mark.parametrize("after", [0, 2])
def test_a_cancelled_stream_stops_and_still_sends_its_final_flag(serve: ModuleType, after: int) -> None:
    request = Request(cancel_after=after)
    counting(serve).execute([request])
    assert steps(request) == [1, 2][:after]
    assert request.finals == 1


@pytest.mark.parametrize(
    ("failure", "answer"),
    [
        (GenerationError("not finite"), ("generation_failed: not finite", "invalid")),
        (InferenceUnavailable("gone"), ("InferenceUnavailable: gone", "internal")),
        (ZeroDivisionError("oops"), ("ZeroDivisionError: oops", "internal")),
    ],
)
def test_every_failure_of_a_stream_is_answered(
    serve: ModuleType, failure: Exception, answer: tuple[str, str]
) -> None:
    broken, sound = Request(), Request()
    counting(serve, failure).execute([broken])
    assert steps(broken) == [1, 2]
    assert broken.sent[-1].error == answer
    assert broken.finals == 1
    counting(serve).execute([sound])
    assert steps(sound) == [1, 2, 3, 4, 5]


def test_every_request_gets_its_own_answer(serve: ModuleType) -> None:
    class Inverse(serve.AnswerModel):  # type: ignore[name-defined, misc]
        def answer(self, inputs: dict[str, Any]) -> dict[str, Any]:
            return {"step": [1 // int(inputs["x"][0])]}

    model = Inverse()
    model.initialize(ARGS)
    answers = model.execute([Request(Tensor("x", np.array([x]))) for x in (1, 0, 1)])
    assert [answer.error is None for answer in answers] == [True, False, True]
    assert answers[1].error[0].startswith("ZeroDivisionError")


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("failed, [x] generation_failed: graph: wrong shape", GenerationError),
        ("Stub process 'x' is not healthy", InferenceUnavailable),
    ],
)
def test_errors_of_a_network_reach_the_loop(
    serve: ModuleType, monkeypatch: pytest.MonkeyPatch, message: str, error: type[Exception]
) -> None:
    failed = SimpleNamespace(has_error=lambda: True, error=lambda: SimpleNamespace(message=lambda: message))
    request = SimpleNamespace(exec=lambda: failed)
    monkeypatch.setattr(serve.pb, "InferenceRequest", lambda **_: request, raising=False)
    with pytest.raises(error, match=r"^(graph: wrong shape|net: Stub process)"):
        serve.call("net", {"x": np.zeros(1)}, ("y",))


def test_scalars_get_their_dimension_at_the_door(serve: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, tuple[int, ...]] = {}

    def request(**options: Any) -> SimpleNamespace:
        seen.update({tensor.name(): tensor.as_numpy().shape for tensor in options["inputs"]})
        answer = SimpleNamespace(has_error=lambda: False, output_tensors=lambda: [Tensor("y", np.ones(1))])
        return SimpleNamespace(exec=lambda: answer)

    monkeypatch.setattr(serve.pb, "InferenceRequest", request, raising=False)
    assert serve.call("net", {"timestep": np.zeros(2), "size": np.zeros(2)}, ("y",)) == {"y": np.ones(1)}
    assert seen == {"timestep": (2, 1), "size": (2,)}


def test_threads_are_the_cores_unless_told(serve: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOVIOLA_THREADS", raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 3, 5})
    assert serve.threads() == 3
    monkeypatch.setenv("MOVIOLA_THREADS", "1")
    assert serve.threads() == 1
