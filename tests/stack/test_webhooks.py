"""Webhooks of the running stack, to a receiver on the same machine."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from openai import OpenAI

from tests.receiver import Receiver, receiving
from tests.stack.conftest import Served, order, video, wait_for

pytestmark = [
    pytest.mark.stack,
    pytest.mark.filterwarnings("ignore:The Sora API is scheduled:DeprecationWarning"),
]
SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_a_film_is_told_of_with_a_signature_of_its_own(stack: Served, receiver: Receiver) -> None:
    hook = {"webhook_url": receiver.url, "webhook_secret": SECRET}
    quick = {"num_inference_steps": 2, "seed": 7, **hook}
    with stack.openai() as client:
        made = client.videos.create(prompt="a star", size="256x144", seconds="1", extra_body=quick)
    request = receiver.wait(60)
    with OpenAI(api_key="x", webhook_secret=SECRET) as client:
        event: Any = client.webhooks.unwrap(request.body, request.headers)
    assert (event.type, event.data.id) == ("video.completed", made.id)
    assert video(stack, made.id)["status"] == "completed"
    wait_for(lambda: video(stack, made.id)["webhook_status"] == "delivered", 5)


def test_receivers_are_called_while_a_film_is_made(stack: Served, receiver: Receiver) -> None:
    film = order(stack, 200)
    wait_for(lambda: video(stack, film)["status"] == "in_progress", 30)
    hook = {"webhook_url": receiver.url, "webhook_secret": SECRET}
    with stack.http() as client:
        other = client.post("/v1/videos", json={"prompt": "a star", **hook}).raise_for_status().json()["id"]
        client.post(f"/v1/videos/{other}/cancel").raise_for_status()
        request = receiver.wait(5)
        assert video(stack, film)["status"] == "in_progress"
        client.delete(f"/v1/videos/{film}").raise_for_status()
    with OpenAI(api_key="x", webhook_secret=SECRET) as openai:
        event: Any = openai.webhooks.unwrap(request.body, request.headers)
    assert (event.type, event.data.id) == ("video.failed", other)
    assert event.data.error["code"] == "cancelled"
