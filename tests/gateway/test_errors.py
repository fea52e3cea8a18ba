import dataclasses
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from gateway.app import create_app
from gateway.config import Config
from gateway.services import Services, connect

SECRET = "the hidden prompt"


@pytest.fixture
def broken(config: Config) -> Iterator[TestClient]:
    """A gateway whose queue fails in a way that nobody foresaw."""

    def publish(_: str) -> None:
        raise ZeroDivisionError(SECRET)

    @contextmanager
    def odd(config: Config, draining: threading.Event) -> Iterator[Services]:
        with connect(config, draining) as services:
            yield dataclasses.replace(services, publish=publish)

    with TestClient(create_app(config, connect=odd)) as client:
        yield client


def test_what_nobody_foresaw_is_a_bare_500_that_is_logged(broken: TestClient) -> None:
    with capture_logs() as logs:
        answer = broken.post("/v1/videos", json={"prompt": "a"})
    assert answer.status_code == 500
    assert answer.json()["error"] == {
        "message": "the server failed to answer this request",
        "type": "server_error",
        "code": "internal_error",
        "param": None,
    }
    assert answer.headers["x-request-id"].startswith("req_")
    assert [log["event"] for log in logs if log["log_level"] == "error"] == ["unforeseen_error"]


def test_logs_name_the_route_and_never_the_prompt(client: TestClient) -> None:
    with capture_logs() as logs:
        video_id = client.post("/v1/videos", json={"prompt": SECRET}).json()["id"]
        client.post("/v1/videos", json={"prompt": SECRET, "seed": SECRET})
        client.get(f"/v1/videos/{video_id}?x={SECRET}")
    assert SECRET not in repr(logs)
    seen = [(log["method"], log["route"], log["status"]) for log in logs if log["event"] == "request"]
    route = "/v1/videos"
    assert seen == [("POST", route, 200), ("POST", route, 400), ("GET", route + "/{video_id}", 200)]


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-1.2_3", True), ("a" * 129, False), ("a b", False), ("<x>", False), ("", False)]
)
def test_a_request_id_is_kept_if_it_is_harmless(client: TestClient, given: str, kept: bool) -> None:
    shown = client.get("/livez", headers={"x-request-id": given}).headers["x-request-id"]
    assert (shown == given) is kept


def test_every_answer_has_the_headers(client: TestClient) -> None:
    for path in ("/livez", "/v1/videos/none", "/nowhere"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]


def test_405_says_what_is_allowed(client: TestClient) -> None:
    answer = client.put("/v1/models")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
