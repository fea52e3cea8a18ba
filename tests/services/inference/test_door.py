import socket
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from tritonclient.utils import InferenceServerException

from services.contract.errors import GenerationError, InferenceUnavailable
from services.inference.door import Door, Patience, tensor_of, translated

PATIENCE = Patience(answer_s=0.3, message_s=0.3, ready_s=0.3)
INPUTS = {"x": np.zeros(3, np.float32)}


@pytest.fixture(params=["silent", "closed"])
def door(request: pytest.FixtureRequest) -> Iterator[Door]:
    """A door behind which somebody listens and never answers, or nobody does."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if request.param == "silent":
            listener.listen()
        door = Door(f"127.0.0.1:{listener.getsockname()[1]}", PATIENCE)
        yield door
        door.close()


@pytest.mark.parametrize(
    "call",
    [lambda door: door.ask("m", INPUTS, ["y"]), lambda door: list(door.stream("m", INPUTS))],
    ids=["ask", "stream"],
)
def test_who_does_not_answer_is_unavailable_in_time(door: Door, call: Callable[[Door], object]) -> None:
    started = time.monotonic()
    with pytest.raises(InferenceUnavailable, match="m"):
        call(door)
    assert time.monotonic() - started < 5
    assert not door.is_ready()


CALLS = pytest.mark.parametrize(
    "call",
    [lambda door: door.ask("m", INPUTS, ["y"]), lambda door: list(door.stream("m", INPUTS))],
    ids=["ask", "stream"],
)


@pytest.fixture
def patient() -> Iterator[Door]:
    """A door that would wait for minutes, and nobody answers behind it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        door = Door(f"127.0.0.1:{listener.getsockname()[1]}", Patience())
        yield door
        door.close()


@CALLS
def test_an_interrupt_ends_what_waits_at_once_and_nothing_else(
    patient: Door, call: Callable[[Door], object]
) -> None:
    patient.interrupt()
    timer = threading.Timer(0.2, patient.interrupt)
    timer.start()
    started = time.monotonic()
    with pytest.raises(InferenceUnavailable, match="interrupted"):
        call(patient)
    assert 0.1 < time.monotonic() - started < 5
    timer.join()


@CALLS
def test_an_interrupt_for_good_ends_what_is_asked_later_too(
    patient: Door, call: Callable[[Door], object]
) -> None:
    patient.interrupt(for_good=True)
    for _ in range(2):
        with pytest.raises(InferenceUnavailable, match="interrupted"):
            call(patient)


@pytest.mark.parametrize(
    ("message", "status", "error"),
    [
        ("in x, generation_failed: not finite", "INTERNAL", GenerationError("not finite")),
        ("generation_failed: no", "UNKNOWN", GenerationError("no")),
        ("rank", "INVALID_ARGUMENT", GenerationError("m does not take what it was given: rank")),
        ("no such model", "NOT_FOUND", InferenceUnavailable("m: no such model")),
        ("too late", "DEADLINE_EXCEEDED", InferenceUnavailable("m: too late")),
        ("connection refused", "UNAVAILABLE", InferenceUnavailable("m: connection refused")),
        ("Stub process is not healthy", "INTERNAL", InferenceUnavailable("m: Stub process is not healthy")),
        ("ZeroDivisionError: oops", "UNKNOWN", InferenceUnavailable("m: ZeroDivisionError: oops")),
    ],
)
def test_errors_say_whether_to_try_again(message: str, status: str, error: Exception) -> None:
    ours = translated("m", InferenceServerException(message, status=f"StatusCode.{status}"))
    assert (type(ours), str(ours)) == (type(error), str(error))


def test_arrays_keep_type_shape_and_order() -> None:
    tensor = tensor_of("x", np.arange(6, dtype=np.int64).reshape(2, 3).T)
    assert (tensor.name(), tensor.datatype(), tensor.shape()) == ("x", "INT64", [3, 2])
    assert np.frombuffer(tensor._get_content(), np.int64).tolist() == [0, 3, 1, 4, 2, 5]
