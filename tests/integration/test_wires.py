"""A real Triton at the end of a wire that loses its other end."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import numpy as np
import pytest

from services.contract.errors import InferenceUnavailable
from services.inference.client import Inference
from services.inference.door import Patience
from services.inference.orders import VideoOrder
from tests.chaos.proxy import wire
from tests.integration.conftest import Server

pytestmark = pytest.mark.stack
PATIENCE = Patience(answer_s=600, message_s=600, probe_every_s=0.5, probe_s=2)
TOKENS = [[1, 2, 0, 0], [1, 300, 301, 2]]


@pytest.fixture
def cut(triton: Server) -> Iterator[tuple[Inference, Callable[[], None]]]:
    """A client, and what makes its connections fall silent."""
    with ExitStack() as stack:
        url, process = stack.enter_context(wire(triton.url))
        inference = stack.enter_context(Inference(url, shared_memory=False, patience=PATIENCE))
        assert inference.ready()
        yield inference, lambda: process.send_signal(signal.SIGUSR1)


def test_a_loop_whose_connection_is_dead_is_given_up_and_goes_on_by_another(
    cut: tuple[Inference, Callable[[], None]],
) -> None:
    inference, fall_silent = cut
    text, mask = inference.encode_text(TOKENS)
    order = VideoOrder(text=text, text_mask=mask, shape=(8, 18, 32), seed=5, steps=100, guidance=3.0)
    events = inference.sample_video(order)
    next(events)
    fall_silent()
    began = time.monotonic()
    with pytest.raises(InferenceUnavailable, match="dead"):
        list(events)
    assert time.monotonic() - began < 20
    assert inference.ready()
    assert (inference.encode_text(TOKENS)[0] == text).all()


def test_a_call_by_a_dead_connection_is_given_up_and_the_next_has_another(
    cut: tuple[Inference, Callable[[], None]],
) -> None:
    inference, fall_silent = cut
    fall_silent()
    time.sleep(0.2)
    began = time.monotonic()
    with pytest.raises(InferenceUnavailable):
        inference.look(np.zeros((3, 3, 96, 96), np.float32))
    assert time.monotonic() - began < 20
    assert inference.look(np.zeros((3, 3, 96, 96), np.float32)).shape[0] == 3


def test_an_idle_connection_that_died_does_not_make_the_server_look_away(
    cut: tuple[Inference, Callable[[], None]],
) -> None:
    inference, fall_silent = cut
    fall_silent()
    time.sleep(0.2)
    assert not inference.ready()
    assert inference.ready()


def test_a_long_answer_is_waited_for_while_the_server_lives(triton: Server) -> None:
    patience = Patience(probe_every_s=0.01)
    with Inference(triton.url, shared_memory=False, patience=patience) as inference:
        text, mask = inference.encode_text(TOKENS)
        order = VideoOrder(text=text, text_mask=mask, shape=(8, 18, 32), seed=5, steps=2, guidance=3.0)
        began = time.monotonic()
        assert [event.step for event in inference.sample_video(order)] == [1, 2]
        assert time.monotonic() - began > 4 * patience.probe_every_s


def test_other_networks_have_another_fingerprint(cut: tuple[Inference, Callable[[], None]]) -> None:
    inference, _ = cut
    word = inference.fingerprint()
    assert len(word) == 64
    assert inference.fingerprint() == word
