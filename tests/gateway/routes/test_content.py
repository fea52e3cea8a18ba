from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from gateway.services import Services

Make = Callable[..., str]
Complete = Callable[..., None]


@pytest.fixture
def url(make: Make, complete: Complete) -> str:
    video_id = make()
    complete(video_id)
    return f"/v1/videos/{video_id}/content"


@pytest.mark.parametrize(
    ("query", "kind", "suffix"),
    [
        ("", "video/mp4", "mp4"),
        ("?variant=video", "video/mp4", "mp4"),
        ("?variant=thumbnail", "image/webp", "webp"),
        ("?variant=spritesheet", "image/jpeg", "jpg"),
    ],
)
def test_each_variant_has_its_type(client: TestClient, url: str, query: str, kind: str, suffix: str) -> None:
    answer = client.get(url + query)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == kind
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-disposition"].endswith(f'.{suffix}"')
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_film_comes_whole(client: TestClient, url: str, film: bytes) -> None:
    assert client.get(url).content == film


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=1000-1999", 1000, 2000),
        ("bytes=255000-", 255000, 256000),
        ("bytes=-100", 255900, 256000),
        ("bytes=0-999999", 0, 256000),
    ],
)
def test_a_range_comes_as_a_part(
    client: TestClient, url: str, film: bytes, wanted: str, start: int, end: int
) -> None:
    answer = client.get(url, headers={"range": wanted})
    assert answer.status_code == 206
    assert answer.content == film[start:end]
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(film)}"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("wanted", ["bytes=256000-", "bytes=9-8", "bytes=-0", "bytes=a-", "bytes=1--2"])
def test_a_range_outside_is_refused_with_the_size(
    client: TestClient, url: str, film: bytes, wanted: str
) -> None:
    answer = client.get(url, headers={"range": wanted})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(film)}"
    assert answer.json()["error"]["param"] == "range"


@pytest.mark.parametrize("wanted", ["bytes=0-1,5-6", "lines=1-2"])
def test_what_a_server_may_ignore_gives_the_whole(
    client: TestClient, url: str, film: bytes, wanted: str
) -> None:
    answer = client.get(url, headers={"range": wanted})
    assert (answer.status_code, answer.content) == (200, film)


def test_a_resumed_download_gets_the_rest_only_of_the_same_bytes(
    client: TestClient, url: str, film: bytes
) -> None:
    etag = client.get(url).headers["etag"]
    same = client.get(url, headers={"range": "bytes=9-", "if-range": etag})
    other = client.get(url, headers={"range": "bytes=9-", "if-range": '"other"'})
    assert (same.status_code, same.content) == (206, film[9:])
    assert (other.status_code, other.content) == (200, film)


def test_what_the_client_has_is_not_sent_again(client: TestClient, url: str) -> None:
    etag = client.get(url).headers["etag"]
    again = client.get(url, headers={"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(f"{url}?variant=thumbnail", headers={"if-none-match": etag}).status_code == 200


def test_head_tells_the_size(client: TestClient, url: str, film: bytes) -> None:
    answer = client.head(url, headers={"range": "bytes=0-9"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(film))


def test_another_variant_is_refused(client: TestClient, url: str) -> None:
    answer = client.get(f"{url}?variant=subtitles")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "variant")


def test_an_unfinished_video_has_no_content_yet(
    client: TestClient, make: Make, start: Callable[[str], object]
) -> None:
    queued, running = make(), make()
    start(running)
    for video_id, status in ((queued, "queued"), (running, "in_progress")):
        answer = client.get(f"/v1/videos/{video_id}/content")
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (404, "content_not_ready")
        assert status in error["message"]


def test_a_failed_video_never_has_any(client: TestClient, make: Make, fail: Callable[[str], None]) -> None:
    video_id = make()
    fail(video_id)
    answer = client.get(f"/v1/videos/{video_id}/content")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "content_not_available")


def test_an_expired_video_has_none_any_more(client: TestClient, make: Make, complete: Complete) -> None:
    video_id = make()
    complete(video_id, expires_at=1.0)
    answer = client.get(f"/v1/videos/{video_id}/content")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "content_expired")


def test_files_that_went_before_the_row_are_not_found(
    client: TestClient, url: str, services: Services
) -> None:
    services.storage.delete("videos")
    answer = client.get(url)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "content_gone")
    assert "videos/" not in answer.text
