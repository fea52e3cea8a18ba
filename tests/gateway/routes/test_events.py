import json
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from fastapi.testclient import TestClient

from gateway.services import Services
from services.contract.job import Failure, Progress, Stage
from services.jobs.ledger import Lease

Event = tuple[str, dict[str, object]]


def order(server: str) -> str:
    answer = httpx.post(f"{server}/v1/videos", json={"prompt": "a", "seconds": 1})
    return str(answer.raise_for_status().json()["id"])


def events(answer: httpx.Response) -> Iterator[Event]:
    kind = ""
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, json.loads(value)


def test_each_change_is_an_event_and_the_final_one_ends_the_stream(
    server: str, services: Services, start: Callable[[str], Lease]
) -> None:
    video_id = order(server)
    with httpx.stream("GET", f"{server}/v1/videos/{video_id}/events", timeout=10) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        stream = events(answer)
        kind, first = next(stream)
        assert (kind, first["id"], first["queue_position"]) == ("video.queued", video_id, 0)
        lease = start(video_id)
        kind, second = next(stream)
        assert (kind, second["step"]) == ("video.in_progress", 5)
        services.ledger.progress(lease, Progress(stage=Stage.SOUND, step=1, total_steps=32, percent=93))
        assert next(stream)[1]["stage"] == "sound"
        services.ledger.fail(lease, Failure(code="generation_failed", message="NaN"))
        kind, last = next(stream)
        assert (kind, last["status"]) == ("video.failed", "failed")
        assert list(stream) == []


def test_a_finished_video_is_one_event(
    client: TestClient, make: Callable[..., str], complete: Callable[..., None]
) -> None:
    video_id = make()
    complete(video_id)
    answer = client.get(f"/v1/videos/{video_id}/events")
    assert answer.text.count("data: ") == 1
    assert answer.text.startswith("event: video.completed\n")


def test_moving_up_in_the_queue_is_news(server: str, start: Callable[[str], Lease]) -> None:
    first, second = order(server), order(server)
    with httpx.stream("GET", f"{server}/v1/videos/{second}/events", timeout=10) as answer:
        stream = events(answer)
        assert next(stream)[1]["queue_position"] == 1
        start(first)
        assert next(stream)[1]["queue_position"] == 0


def test_streams_of_waiting_videos_share_one_look(server: str, services: Services) -> None:
    videos = [order(server) for _ in range(5)]
    stop = threading.Event()

    def follow(video_id: str) -> None:
        with httpx.stream("GET", f"{server}/v1/videos/{video_id}/events", timeout=20) as answer:
            lines = answer.iter_lines()
            while not stop.is_set() and next(lines, None) is not None:
                pass

    followers = [threading.Thread(target=follow, args=(video_id,)) for video_id in videos * 4]
    for follower in followers:
        follower.start()
    time.sleep(0.7)
    before, began = commands(services), time.monotonic()
    time.sleep(1)
    used, took_s = commands(services) - before, time.monotonic() - began
    stop.set()
    for video_id in videos:
        httpx.delete(f"{server}/v1/videos/{video_id}").raise_for_status()
    for follower in followers:
        follower.join(15)
    # Each stream looks four times a second, and so much does the gateway for all.
    assert used <= 4 * took_s + 2


def commands(services: Services) -> int:
    """Steps that Redis was asked for so far, and readings of a row's version."""
    stats = services.ledger._client.info("commandstats")
    return sum(int(stats.get(f"cmdstat_{name}", {}).get("calls", 0)) for name in ("evalsha", "hmget"))


def test_a_deleted_video_ends_the_stream(server: str) -> None:
    video_id = order(server)
    with httpx.stream("GET", f"{server}/v1/videos/{video_id}/events", timeout=10) as answer:
        stream = events(answer)
        next(stream)
        httpx.delete(f"{server}/v1/videos/{video_id}").raise_for_status()
        gone = {"id": video_id, "object": "video.deleted", "deleted": True}
        assert list(stream) == [("video.deleted", gone)]


def test_silence_is_broken_by_heartbeats(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.routes.events.HEARTBEAT_S", 0.1)
    video_id = order(server)
    with httpx.stream("GET", f"{server}/v1/videos/{video_id}/events", timeout=10) as answer:
        assert next(line for line in answer.iter_lines() if line.startswith(":")) == ": alive"


def test_many_followers_leave_threads_for_others(server: str) -> None:
    video_id = order(server)
    seen: list[str] = []

    def follow() -> None:
        with httpx.stream("GET", f"{server}/v1/videos/{video_id}/events", timeout=20) as answer:
            seen.extend(kind for kind, _ in events(answer))

    followers = [threading.Thread(target=follow) for _ in range(60)]
    for follower in followers:
        follower.start()
    deadline = time.monotonic() + 15
    while len(seen) < len(followers) and time.monotonic() < deadline:
        time.sleep(0.05)
    asked = time.monotonic()
    assert httpx.get(f"{server}/v1/videos/{video_id}").status_code == 200
    assert time.monotonic() - asked < 2
    httpx.delete(f"{server}/v1/videos/{video_id}")
    for follower in followers:
        follower.join(15)
    assert sorted(set(seen)) == ["video.deleted", "video.queued"]
    assert len(seen) == 2 * len(followers)
