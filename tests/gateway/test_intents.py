"""Requests that come again: with a key, and as the SDK's own retries over a network that loses answers."""

import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import openai
import pytest
from fastapi.testclient import TestClient
from httpx import Response

from gateway.config import Config
from gateway.forms import Order, Upload
from gateway.intents import fingerprint
from gateway.services import Services
from services.contract.errors import LedgerUnavailable
from services.contract.spec import VideoRequest
from services.jobs import intents
from services.jobs.intents import Intent
from services.jobs.ledger import Ledger

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API is scheduled:DeprecationWarning")

RETRY = "x-stainless-retry-count"


def create(client: TestClient, key: str | None = "k", **fields: object) -> Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post("/v1/videos", json={"prompt": "a", **fields}, headers=headers)


def test_the_same_key_gives_the_same_video_as_it_stands_now(
    client: TestClient, services: Services, complete: Callable[..., None]
) -> None:
    first = create(client)
    assert first.status_code == 200
    assert "idempotent-replayed" not in first.headers
    again = create(client)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    assert again.json() == first.json()
    complete(first.json()["id"])
    assert create(client).json()["status"] == "completed"
    assert create(client, key="another").json()["id"] != first.json()["id"]
    assert create(client, key=None).json()["id"] != first.json()["id"]
    assert services.ledger.counts().queued == 2


def test_another_payload_under_a_key_is_refused(client: TestClient, services: Services) -> None:
    create(client, seconds=2)
    for fields in ({"seconds": 4}, {}, {"seconds": 2, "service_class": "batch"}):
        refusal = create(client, **fields)
        error = refusal.json()["error"]
        assert (refusal.status_code, error["code"], error["param"]) == (
            422,
            "idempotency_key_reused",
            "idempotency-key",
        )
    assert create(client, seconds="2").status_code == 200  # a number as a form sends it is the same
    assert services.ledger.counts().queued == 1


@pytest.mark.parametrize("key", ["", "a" * 256, "caf\u00e9", "a\tb", "\x7f"])
def test_a_key_is_of_1_to_255_printable_characters(client: TestClient, key: str) -> None:
    header = ("Idempotency-Key", key.encode("latin-1"))
    refusal = client.post("/v1/videos", json={"prompt": "a"}, headers=[header])
    assert (refusal.status_code, refusal.json()["error"]["param"]) == (400, "idempotency-key")


def test_a_key_given_twice_is_refused_and_a_long_one_is_not(client: TestClient) -> None:
    twice = [("Idempotency-Key", "a"), ("Idempotency-Key", "a")]
    assert client.post("/v1/videos", json={"prompt": "a"}, headers=twice).status_code == 400
    assert create(client, key="~ " + "a" * 252 + "!").status_code == 200


def test_while_the_first_is_handled_the_second_is_told_to_wait(
    client: TestClient, services: Services
) -> None:
    request = VideoRequest(prompt="a")
    held = Intent(tenant="default", payload=fingerprint("POST /v1/videos", Order(request)), key="k")
    services.ledger.begin(held, "video_held")
    refusal = create(client)
    assert (refusal.status_code, refusal.json()["error"]["code"]) == (409, "request_in_flight")
    assert refusal.headers["retry-after"] == "1"
    assert "x-should-retry" not in refusal.headers


def test_a_refused_request_leaves_its_key_free(
    client: TestClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert create(client, size="1x1").status_code == 400
    assert create(client, size="256x144").status_code == 200

    def away(*_: object) -> None:
        raise LedgerUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "check_room", away)
        assert create(client, key="k2").status_code == 503
    assert create(client, key="k2").status_code == 200


def test_a_known_key_is_answered_though_the_queue_is_full(client: TestClient) -> None:
    first = create(client)
    for _ in range(49):
        create(client, key=None)
    assert create(client, key="new").status_code == 429
    assert create(client).json()["id"] == first.json()["id"]


def test_the_key_of_a_deleted_video_makes_no_other(client: TestClient) -> None:
    client.delete(f"/v1/videos/{create(client).json()['id']}")
    refusal = create(client)
    assert (refusal.status_code, refusal.json()["error"]["code"]) == (404, "video_deleted")


def test_files_are_part_of_the_payload(
    client: TestClient, services: Services, config: Config, png: bytes
) -> None:
    def send(data: bytes, kind: str = "image/png") -> Response:
        files = {"input_reference": ("a.png", data, kind)}
        return client.post("/v1/videos", data={"prompt": "a"}, files=files, headers={"Idempotency-Key": "k"})

    first = send(png)
    assert first.status_code == 200
    again = send(png)
    assert (again.json()["id"], again.headers["idempotent-replayed"]) == (first.json()["id"], "true")
    assert send(png + b"\0").status_code == 422
    kept = [path for path in (config.storage.root / "inputs").rglob("*") if path.is_file()]
    assert len(kept) == 1
    assert services.ledger.counts().queued == 1


def test_a_key_stays_busy_for_as_long_as_its_upload_takes_and_no_longer(
    client: TestClient, services: Services, png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intents, "BUSY_S", 0.4)
    put, slow, seen = type(services.storage).put, threading.Event(), []

    def putting(self: Any, key: str, data: Any) -> None:
        if key.startswith("inputs/"):
            slow.set()
            time.sleep(1.2)
        put(self, key, data)

    monkeypatch.setattr(type(services.storage), "put", putting)

    def send() -> Response:
        files = {"input_reference": ("a.png", png, "image/png")}
        return client.post("/v1/videos", data={"prompt": "a"}, files=files, headers={"Idempotency-Key": "k"})

    first = threading.Thread(target=lambda: seen.append(send()))
    first.start()
    assert slow.wait(10)
    time.sleep(0.8)
    assert send().status_code == 409
    first.join()
    assert (seen[0].status_code, send().json()["id"]) == (200, seen[0].json()["id"])
    assert services.ledger.counts().queued == 1


def test_a_fingerprint_knows_every_field_and_byte_and_no_order() -> None:
    def of(operation: str = "POST /v1/videos", data: bytes | None = None, **fields: Any) -> str:
        upload = None if data is None else Upload(io.BytesIO(data), "image/png", "input_reference")
        return fingerprint(operation, Order(VideoRequest(prompt="a", **fields), upload))

    assert of() == of(audio=True) == of(service_class="interactive")
    assert of(seed=1, fps=16) == of(fps=16, seed=1)
    different = [
        of(),
        of("POST /v1/videos/edits"),
        of(seed=1),
        of(audio_prompt="a"),
        of(webhook_url="https://a.example"),
        of(data=b""),
        of(data=b"x"),
    ]
    assert len(set(different)) == len(different)


def test_an_upload_is_read_from_its_begin_for_whoever_comes_next() -> None:
    file = io.BytesIO(b"picture")
    fingerprint("", Order(VideoRequest(prompt="a"), Upload(file, None, "input_reference")))
    assert file.read() == b"picture"


class Lossy(httpx2.BaseTransport):
    """A network that does to each request what ``fates`` says, and then nothing: ``lost`` is an answer that
    does not arrive, ``unsent`` a request that does not."""

    def __init__(self, *fates: str) -> None:
        self.fates = list(fates)
        self.counts: list[str] = []
        self.keys: set[str | None] = set()
        self._real = httpx2.HTTPTransport()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        fate = self.fates.pop(0) if self.fates else "arrives"
        self.counts.append(request.headers[RETRY])
        self.keys.add(request.headers.get("idempotency-key"))
        if fate == "unsent":
            raise httpx2.ConnectError("no route")
        answer = self._real.handle_request(request)
        if fate == "lost":
            answer.read()
            raise httpx2.ReadError("connection reset")
        return answer

    def close(self) -> None:
        self._real.close()


@contextmanager
def lossy_sdk(server: str, *fates: str) -> Iterator[tuple[openai.OpenAI, Lossy]]:
    transport = Lossy(*fates)
    with openai.OpenAI(
        base_url=f"{server}/v1", api_key="x", http_client=httpx2.Client(transport=transport)
    ) as sdk:
        yield sdk, transport


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK waits half a second and more before it tries again."""
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)


def test_the_sdk_counts_its_retries_and_sends_no_key(server: str) -> None:
    with lossy_sdk(server, "unsent", "unsent") as (sdk, network):
        sdk.videos.create(prompt="a")
    assert (network.counts, network.keys) == (["0", "1", "2"], {None})


@pytest.mark.parametrize("fates", [["lost"], ["lost", "lost"], ["unsent", "lost"], ["lost", "unsent"]])
@pytest.mark.parametrize("with_file", [False, True])
def test_answers_that_the_sdk_did_not_get_make_no_second_job(
    server: str, services: Services, png: bytes, fates: list[str], with_file: bool
) -> None:
    fields: dict[str, Any] = {"input_reference": ("a.png", png, "image/png")} if with_file else {}
    with lossy_sdk(server, *fates) as (sdk, network):
        video = sdk.videos.create(prompt="a", seconds="4", **fields)
        assert len(network.counts) == len(fates) + 1
        assert [one.id for one in sdk.videos.list()] == [video.id]
        assert sdk.videos.create(prompt="a", seconds="4", **fields).id != video.id
    assert services.ledger.counts().queued == 2


def test_like_orders_at_once_over_a_lossy_network_make_one_job_each(server: str, services: Services) -> None:
    got: list[str] = []

    def order(fates: list[str]) -> None:
        with lossy_sdk(server, *fates) as (sdk, _):
            got.append(sdk.videos.create(prompt="a").id)

    fates = [["lost", "lost"], ["lost", "lost"], ["lost", "lost"]]
    threads = [threading.Thread(target=order, args=(one,)) for one in fates]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert services.ledger.counts().queued == 3


def test_the_sdk_waits_for_room_by_itself(
    server: str, services: Services, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        services.ledger.take("moviegen-mini")

    monkeypatch.setattr("openai._base_client.time.sleep", wait)
    with lossy_sdk(server) as (sdk, network):
        for _ in range(config.queue.max_queued):
            sdk.videos.create(prompt="a")
        sdk.videos.create(prompt="a")
    assert network.counts[-2:] == ["0", "1"]
    assert waits == [15.0]  # what is said where nothing was measured yet
    assert services.ledger.counts().queued == config.queue.max_queued
