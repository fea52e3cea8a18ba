"""Triton's gRPC door: requests and streams of named arrays, with deadlines, in our errors."""

import queue
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from services.contract.errors import GenerationError, InferenceUnavailable, MoviolaError

Arrays = dict[str, Any]
_Answers: TypeAlias = "queue.SimpleQueue[tuple[Any, Any]]"  # of results and errors

_OPTIONS = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.enable_http_proxy", 0),
    # A Triton that was restarted is found again within a second, not after gRPC's two minutes.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # Else a new client takes over the connection of the last one, though that may be dead.
    ("grpc.use_local_subchannel_pool", 1),
]

SPARE_S = 5.0
"""How much longer than its own deadline an answer is waited for: gRPC says itself that it is over."""


@dataclass(frozen=True)
class Patience:
    """Seconds to wait for an answer, for the next message of a stream, and for a word on readiness.

    Who waits asks every ``probe_every_s`` whether the server lives, by the same connection. One by which that
    is not answered in ``probe_s`` has lost its other end, which TCP may not notice for a quarter of an hour.
    (Pings of HTTP/2 would do, but servers take many of them for an attack.)
    """

    answer_s: float = 120.0
    message_s: float = 120.0
    ready_s: float = 2.0
    probe_every_s: float = 10.0
    probe_s: float = 5.0


class Door:
    """A connection to the Triton at ``url`` (host:port of gRPC), made when first needed."""

    def __init__(self, url: str, patience: Patience) -> None:
        self._url = url
        self._patience = patience
        self._client: Any = None
        self._waiting: list[_Answers] = []
        self._shut = False

    @property
    def client(self) -> Any:
        """The client of tritonclient. Its errors are for ``translated``."""
        if self._client is None:
            self._client = self._connect()
        return self._client

    def is_ready(self) -> bool:
        """Whether Triton answers and all its models are ready."""
        try:
            return bool(self.client.is_server_ready(client_timeout=self._patience.ready_s))
        except InferenceServerException:
            self.close()  # It may be the connection that is dead.
            return False

    def has(self, model: str) -> bool:
        """Whether Triton serves ``model``. Raises InferenceUnavailable."""
        try:
            return bool(self.client.is_model_ready(model, client_timeout=self._patience.ready_s))
        except InferenceServerException as error:
            raise translated(model, error) from error

    def ask(self, model: str, inputs: Mapping[str, Any], outputs: Sequence[str]) -> Arrays:
        """Outputs by name. Raises GenerationError or InferenceUnavailable."""
        result = self.infer(
            model, tensors_of(inputs), [triton.InferRequestedOutput(name) for name in outputs]
        )
        return {name: result.as_numpy(name) for name in outputs}

    def infer(self, model: str, inputs: Sequence[Any], outputs: Sequence[Any]) -> Any:
        """``InferResult`` of tensors made ready. Raises GenerationError or InferenceUnavailable."""
        wait_s = self._patience.answer_s
        with self._listening() as answers:
            try:
                call = self.client.async_infer(
                    model,
                    inputs,
                    lambda result, error: answers.put((result, error)),
                    outputs=outputs,
                    client_timeout=wait_s,
                )
            except InferenceServerException as error:
                raise translated(model, error) from error
            try:
                return self._next(model, answers, wait_s + SPARE_S, self.client)
            except InferenceUnavailable:
                call.cancel()
                raise

    def stream(self, model: str, inputs: Mapping[str, Any]) -> Iterator[Arrays]:
        """Outputs of each message of a decoupled model, those that it has. Closing the iterator cancels.

        Raises GenerationError, or InferenceUnavailable where the next message is too long in coming.
        """
        # tritonclient has one stream a client: with a client of its own, no stream is in another's way.
        client = self._connect()
        with self._listening() as answers:
            try:
                self._begin(client, answers, model, inputs)
                while True:
                    result = self._next(model, answers, self._patience.message_s, client)
                    response = result.get_response()
                    if response.outputs:
                        yield {output.name: result.as_numpy(output.name) for output in response.outputs}
                    if response.parameters["triton_final_response"].bool_param:
                        return
            finally:
                client.stop_stream(cancel_requests=True)
                client.close()

    def interrupt(self, *, for_good: bool = False) -> None:
        """End all that waits for an answer with InferenceUnavailable, and all that is asked from now on if
        ``for_good``. For any thread, and for handlers of signals."""
        self._shut = self._shut or for_good
        for answers in tuple(self._waiting):
            answers.put((None, _interrupted()))

    def close(self) -> None:
        """Close the connection. It is made anew if needed."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _connect(self) -> Any:
        return triton.InferenceServerClient(self._url, channel_args=_OPTIONS)

    def _next(self, model: str, answers: _Answers, wait_s: float, client: Any) -> Any:
        deadline, every_s = time.monotonic() + wait_s, self._patience.probe_every_s
        while True:
            try:
                result, error = answers.get(timeout=max(0.0, min(deadline - time.monotonic(), every_s)))
            except queue.Empty:
                if time.monotonic() >= deadline:
                    raise InferenceUnavailable(f"{model} was silent for {wait_s:g} s") from None
                self._probe(model, client)
                continue
            if error is not None:
                raise translated(model, error)
            return result

    def _probe(self, model: str, client: Any) -> None:
        """Raises InferenceUnavailable, and has the connection made anew, where nobody hears ``client``."""
        try:
            client.is_server_live(client_timeout=self._patience.probe_s)
        except InferenceServerException as error:
            self.close()
            raise InferenceUnavailable(f"{model}: the connection is dead: {error.message()}") from error

    @contextmanager
    def _listening(self) -> "Iterator[_Answers]":
        answers: _Answers = queue.SimpleQueue()
        self._waiting.append(answers)
        if self._shut:
            answers.put((None, _interrupted()))
        try:
            yield answers
        finally:
            self._waiting.remove(answers)

    def _begin(self, client: Any, answers: _Answers, model: str, inputs: Mapping[str, Any]) -> None:
        try:
            client.start_stream(lambda result, error: answers.put((result, error)))
            client.async_stream_infer(model, tensors_of(inputs), enable_empty_final_response=True)
        except InferenceServerException as error:
            raise translated(model, error) from error


def _interrupted() -> InferenceServerException:
    return InferenceServerException("interrupted")


def tensors_of(inputs: Mapping[str, Any]) -> list[Any]:
    """Arrays as inputs of a request."""
    return [tensor_of(name, array) for name, array in inputs.items()]


def tensor_of(name: str, array: Any) -> Any:
    """An array as an input of a request."""
    tensor = triton.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
    tensor.set_data_from_numpy(np.ascontiguousarray(array))
    return tensor


def translated(model: str, error: InferenceServerException) -> MoviolaError:
    """The error of ours that an error of Triton means: worth trying again, or not."""
    message = error.message() or ""
    _, found, reason = message.partition(f"{GenerationError.code}: ")
    if found:
        return GenerationError(reason)
    if error.status() == "StatusCode.INVALID_ARGUMENT":
        return GenerationError(f"{model} does not take what it was given: {message}")
    return InferenceUnavailable(f"{model}: {message}")
