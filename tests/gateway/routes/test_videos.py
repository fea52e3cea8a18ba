import dataclasses
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient

from gateway.app import create_app
from gateway.config import Config
from gateway.services import Services, connect
from services.contract.errors import LedgerUnavailable
from services.jobs.ledger import Lease

Make = Callable[..., str]
TENANT = "default"


def test_create_answers_at_once_with_everything_decided(client: TestClient, services: Services) -> None:
    answer = client.post("/v1/videos", json={"prompt": "a red ball", "seconds": "4", "seed": 7, "fps": 24})
    video = answer.json()
    assert answer.status_code == 200
    assert 500 <= int(answer.headers["openai-poll-after-ms"]) <= 5000
    assert video.pop("id").startswith("video_")
    assert isinstance(video.pop("created_at"), int)
    assert video == {
        "object": "video",
        "model": "moviegen-mini",
        "status": "queued",
        "progress": 0,
        "completed_at": None,
        "expires_at": None,
        "prompt": "a red ball",
        "remixed_from_video_id": None,
        "seconds": "4",
        "size": "1920x1080",
        "error": None,
        "seed": 7,
        "num_inference_steps": 50,
        "guidance_scale": 1.5,
        "negative_prompt": "",
        "fps": 24,
        "audio": True,
        "audio_prompt": None,
        "stage": None,
        "step": None,
        "total_steps": None,
        "service_class": "interactive",
        "queue_position": 0,
        "eta_s": None,
        "webhook_url": None,
        "webhook_status": None,
        "facts": None,
    }
    assert services.ledger.counts().queued == 1


def test_an_alias_is_answered_under_the_name_that_was_asked(client: TestClient, services: Services) -> None:
    video = client.post("/v1/videos", json={"prompt": "a", "model": "sora-2"}).json()
    job = services.ledger.get(TENANT, video["id"])
    assert job
    assert (video["model"], job.spec.cast) == ("sora-2", "moviegen-mini")


def test_forms_and_json_mean_the_same(client: TestClient) -> None:
    fields = {
        "prompt": "ein Bär 🐻",
        "seconds": "2",
        "size": "256x144",
        "audio": "false",
        "guidance_scale": "3.5",
        "seed": "1",
        "fps": "16",
        "num_inference_steps": "9",
    }
    answers = [
        client.post("/v1/videos", json=fields),
        client.post("/v1/videos", data=fields),
        client.post("/v1/videos", files={name: (None, value) for name, value in fields.items()}),
    ]
    assert [answer.status_code for answer in answers] == [200] * 3
    seen = [
        {k: v for k, v in answer.json().items() if k not in ("id", "created_at", "queue_position")}
        for answer in answers
    ]
    assert seen[0] == seen[1] == seen[2]
    assert (seen[0]["audio"], seen[0]["guidance_scale"], seen[0]["prompt"]) == (False, 3.5, "ein Bär 🐻")


def test_a_row_is_there_even_if_the_queue_does_not_take_the_id(config: Config) -> None:
    def refuse(_: str) -> None:
        raise LedgerUnavailable("no broker")

    @contextmanager
    def without_queue(config: Config, draining: threading.Event) -> Iterator[Services]:
        with connect(config, draining) as services:
            yield dataclasses.replace(services, publish=refuse)

    with TestClient(create_app(config, connect=without_queue)) as client:
        answer = client.post("/v1/videos", json={"prompt": "a"})
        assert answer.status_code == 200
        assert client.get(f"/v1/videos/{answer.json()['id']}").json()["status"] == "queued"


def test_a_full_queue_says_when_to_come_back(client: TestClient, make: Make) -> None:
    for _ in range(50):
        make()
    answer = client.post("/v1/videos", json={"prompt": "one too many"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (429, "rate_limit_error")
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.usefixtures("at_once")
def test_retrieve_shows_stage_and_step(client: TestClient, make: Make, start: Callable[[str], Lease]) -> None:
    first, second = make(), make()
    assert client.get(f"/v1/videos/{second}").json()["queue_position"] == 1
    start(first)
    video = client.get(f"/v1/videos/{first}").json()
    assert (video["status"], video["progress"]) == ("in_progress", 12)
    assert (video["stage"], video["step"], video["total_steps"]) == ("sample", 5, 50)
    assert client.get(f"/v1/videos/{second}").json()["queue_position"] == 0


def test_a_completed_video_has_facts(client: TestClient, make: Make, complete: Callable[..., None]) -> None:
    video_id = make()
    complete(video_id)
    video = client.get(f"/v1/videos/{video_id}").json()
    assert (video["status"], video["progress"], video["stage"]) == ("completed", 100, None)
    assert video["facts"]["sound"]["sample_rate_hz"] == 48000
    assert isinstance(video["completed_at"], int)
    assert video["expires_at"] == 4_000_000_000


def test_a_failed_video_says_why(client: TestClient, make: Make, fail: Callable[[str], None]) -> None:
    video_id = make()
    fail(video_id)
    video = client.get(f"/v1/videos/{video_id}").json()
    assert video["status"] == "failed"
    assert video["error"] == {
        "code": "generation_failed",
        "message": "the latents are NaN",
        "param": None,
        "type": "job_error",
    }


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_cover_everything_once(client: TestClient, make: Make, order: str) -> None:
    made = [make() for _ in range(5)]
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = client.get("/v1/videos", params={"limit": 2, "order": order, **after}).json()
        ids = [video["id"] for video in page["data"]]
        assert (page["object"], page["first_id"], page["last_id"]) == ("list", ids[0], ids[-1])
        seen += ids
        if not page["has_more"]:
            break
        after = {"after": page["last_id"]}
    assert seen == (made if order == "asc" else made[::-1])


def test_a_page_of_none_tells_whether_there_is_anything(client: TestClient, make: Make) -> None:
    empty = {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}
    assert client.get("/v1/videos", params={"limit": 0}).json() == empty
    make()
    assert client.get("/v1/videos", params={"limit": 0}).json() == {**empty, "has_more": True}


@pytest.mark.parametrize(
    ("query", "status", "param"),
    [
        ("limit=-1", 400, "limit"),
        ("limit=101", 400, "limit"),
        ("limit=many", 400, "limit"),
        ("limit=", 400, "limit"),
        ("order=sideways", 400, "order"),
        ("after=video_unknown", 404, "after"),
        ("after=%00%0a", 404, "after"),
        (f"after={'a' * 101}", 400, "after"),
    ],
)
def test_bad_paging_is_refused(client: TestClient, query: str, status: int, param: str) -> None:
    answer = client.get(f"/v1/videos?{query}")
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)


def test_delete_takes_row_and_files(
    client: TestClient, services: Services, make: Make, complete: Callable[..., None]
) -> None:
    video_id = make()
    complete(video_id)
    key = f"videos/{video_id}/1/video.mp4"
    assert services.storage.exists(key)
    expected = {"id": video_id, "object": "video.deleted", "deleted": True}
    assert client.delete(f"/v1/videos/{video_id}").json() == expected
    assert not services.storage.exists(key)
    assert client.get(f"/v1/videos/{video_id}").status_code == 404
    assert client.delete(f"/v1/videos/{video_id}").status_code == 404


def test_cancel_ends_a_queued_and_a_running_video_but_no_finished_one(
    client: TestClient, make: Make, start: Callable[[str], Lease], complete: Callable[..., None]
) -> None:
    queued, running, finished = make(), make(), make()
    start(running)
    complete(finished)
    for video_id in (queued, running):
        video = client.post(f"/v1/videos/{video_id}/cancel").json()
        assert (video["status"], video["error"]["code"]) == ("failed", "cancelled")
    answer = client.post(f"/v1/videos/{finished}/cancel")
    assert (answer.status_code, answer.headers["x-should-retry"]) == (409, "false")
    assert client.get(f"/v1/videos/{finished}").json()["status"] == "completed"


@pytest.mark.parametrize(
    "video_id",
    [
        "video_unknown",
        "edits",
        "video_",
        "video_A",
        "video_..%2F..%2Fetc",
        "%00",
        "%0d%0aX: y",
        "..",
        "*",
        "🐻",
        "video_" + "0" * 5000,
        "video_a%20",
        "video_a%0a",
    ],
)
def test_unknown_ids_are_not_found(client: TestClient, video_id: str) -> None:
    calls = [("GET", ""), ("DELETE", ""), ("GET", "/content"), ("GET", "/events"), ("POST", "/cancel")]
    for method, suffix in calls:
        answer = client.request(method, f"/v1/videos/{video_id}{suffix}", follow_redirects=False)
        assert answer.status_code in ((404, 405) if video_id == ".." else (404,)), (method, suffix)
        assert answer.json()["error"]["message"]
    assert client.head(f"/v1/videos/{video_id}/content").status_code in (404, 405)
