"""What the running stack refuses at once: nothing of it becomes a job or a 500."""

import struct
import zlib
from collections.abc import Iterator

import httpx
import pytest

from tests.stack.conftest import Served, order

pytestmark = pytest.mark.stack


def png(width: int, height: int) -> bytes:
    """A black picture; small whatever its size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + 3 * width)) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def client(stack: Served) -> Iterator[httpx.Client]:
    with stack.http() as one:
        before = one.get("/v1/videos", params={"limit": 100}).json()
        yield one
        assert one.get("/v1/videos", params={"limit": 100}).json() == before
        assert one.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": "x" * 32_001}, "prompt"),
        ({"model": "moviegen-9000"}, "model"),
        ({"size": "1921x1080"}, "size"),
        ({"seconds": 17}, "seconds"),
        ({"fps": 25}, "fps"),
        ({"guidance_scale": "nan"}, "guidance_scale"),
        ({"prompt": 5}, "prompt"),
        ({"seed": {}}, "seed"),
        ({"audio": "loud"}, "audio"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_wrong_field_is_named(client: httpx.Client, fields: dict[str, object], param: str) -> None:
    answer = client.post("/v1/videos", json={"prompt": "a ball", **fields})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (png(64, 48)[:60], "image/png"),
        (png(64, 48), "image/jpeg"),
        (png(64, 48), "video/mp4"),
        (png(15_000, 15_000), "image/png"),
    ],
    ids=["truncated", "mislabelled", "mislabelled as video", "too large"],
)
def test_unfit_media_is_refused(client: httpx.Client, data: bytes, kind: str) -> None:
    answer = client.post("/v1/videos", data={"prompt": "a"}, files={"input_reference": ("a", data, kind)})
    assert answer.status_code in (400, 413, 415, 422)
    assert answer.json()["error"]["param"] == "input_reference"


def test_a_body_over_the_limit_is_refused(client: httpx.Client) -> None:
    zeros = bytes(2**20)
    answer = client.post(
        "/v1/videos", content=(zeros for _ in range(101)), headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize(
    "path", ["/v1/videos/video_0", "/v1/videos/video_0/content", "/v1/videos/video_0/events"]
)
def test_an_unknown_id_is_not_found(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_an_unfinished_film_has_no_content(client: httpx.Client, stack: Served) -> None:
    unfinished = order(stack, 250)
    answer = client.get(f"/v1/videos/{unfinished}/content")
    assert client.delete(f"/v1/videos/{unfinished}").status_code == 200
    assert (answer.status_code, answer.json()["error"]["type"]) == (404, "invalid_request_error")
