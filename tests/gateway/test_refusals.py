"""Whatever is refused never becomes a job, nor a 500."""

import base64
import json
import struct
import zlib
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from gateway.services import Services

TEXT = {"content-type": "application/json"}


def png(width: int = 32, height: int = 24) -> bytes:
    """A black picture; small whatever its size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + 3 * width)) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture(autouse=True)
def _no_job_comes_of_it(services: Services) -> Iterator[None]:
    yield
    assert services.ledger.counts().queued == 0
    assert services.ledger.page("default", after=None, limit=1, descending=True).jobs == []
    root = services.storage.path("inputs")
    assert root is not None
    assert not root.exists()


FIELDS = [
    ({"prompt": ""}, "prompt"),
    ({"prompt": " \n"}, "prompt"),
    ({"prompt": "x" * 32_001}, "prompt"),
    ({"prompt": 5}, "prompt"),
    ({"prompt": ["a"]}, "prompt"),
    ({"prompt": None}, "prompt"),
    ({"prompt": "\ud800"}, "prompt"),
    ({"negative_prompt": "x" * 32_001}, "negative_prompt"),
    ({"negative_prompt": "a\udfff"}, "negative_prompt"),
    ({"audio_prompt": "x" * 32_001}, "audio_prompt"),
    ({"model": "moviegen-9000"}, "model"),
    ({"model": ""}, "model"),
    ({"model": "\ud800"}, "model"),
    ({"model": {"name": "sora-2"}}, "model"),
    ({"size": "1921x1080"}, "size"),
    ({"size": "huge"}, "size"),
    ({"size": 1080}, "size"),
    ({"seconds": 0}, "seconds"),
    ({"seconds": 17}, "seconds"),
    ({"seconds": -4}, "seconds"),
    ({"seconds": 1.5}, "seconds"),
    ({"seconds": "four"}, "seconds"),
    ({"seconds": True}, "seconds"),
    ({"seconds": 10**30}, "seconds"),
    ({"seconds": 11, "fps": 24}, "seconds"),
    ({"fps": 25}, "fps"),
    ({"fps": "fast"}, "fps"),
    ({"guidance_scale": "nan"}, "guidance_scale"),
    ({"guidance_scale": float("nan")}, "guidance_scale"),
    ({"guidance_scale": float("inf")}, "guidance_scale"),
    ({"guidance_scale": "-inf"}, "guidance_scale"),
    ({"guidance_scale": 0.5}, "guidance_scale"),
    ({"guidance_scale": False}, "guidance_scale"),
    ({"guidance_scale": 10**400}, "guidance_scale"),
    ({"num_inference_steps": 0}, "num_inference_steps"),
    ({"num_inference_steps": 10**400}, "num_inference_steps"),
    ({"num_inference_steps": float("nan")}, "num_inference_steps"),
    ({"seed": -1}, "seed"),
    ({"seed": 2**53}, "seed"),
    ({"seed": {}}, "seed"),
    ({"audio": "loud"}, "audio"),
    ({"audio": 2}, "audio"),
    ({"audio": []}, "audio"),
    ({"colour": "red"}, "colour"),
    ({"\ud800": "red"}, None),
    ({"x" * 10_000: 1}, "x" * 500),
    ({"input_reference": "http://127.0.0.1/a.png"}, "input_reference"),
    ({"input_reference": ["a"]}, "input_reference"),
    ({"input_reference": {}}, "input_reference"),
    ({"input_reference": {"image_url": 5}}, "input_reference"),
    ({"input_reference": {"image_url": "http://127.0.0.1/a.png"}}, "input_reference.image_url"),
    ({"input_reference": {"image_url": "data:image/png;base64,???"}}, "input_reference.image_url"),
    ({"input_reference": {"file_id": "file_1"}}, "input_reference.file_id"),
    ({"input_reference": {"image_url": "data:,", "x": 1}}, "input_reference.x"),
    ({"input_reference": {"\udfff": 1}}, "input_reference.?"),
]


@pytest.mark.parametrize(("fields", "param"), FIELDS, ids=lambda value: repr(value)[:60])
def test_a_field_that_is_wrong_is_named(
    client: TestClient, fields: dict[str, object], param: str | None
) -> None:
    answer = client.post("/v1/videos", content=json.dumps({"prompt": "a", **fields}), headers=TEXT)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["param"]) == (400, "invalid_request_error", param)
    assert error["message"]


def test_an_unknown_model_has_the_hosted_code(client: TestClient) -> None:
    answer = client.post("/v1/videos", json={"prompt": "a", "model": "gpt-image"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "model_not_found")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"prompt": [' + b"[]," * 110_000 + b"[]]}",
        b'"prompt"',
        b"\xff\xfe",
        b'{"prompt": "a"} x',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"prompt": ' + b"1" * 5000 + b"}",
    ],
    ids=lambda body: repr(body)[:20],
)
def test_what_is_no_json_object_is_refused(client: TestClient, body: bytes) -> None:
    answer = client.post("/v1/videos", content=body, headers=TEXT)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_json")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "prompt",
        "prompt=a&prompt=b",
        "prompt=%ff",
        "prompt=a&audio=perhaps",
        "prompt[a]=b",
        "prompt[]=a",
        "prompt[=a",
        "prompt=a&x[y][z]=1",
        "prompt=a&guidance_scale=nan",
        "&".join(f"a{i}=1" for i in range(200)),
        "prompt=a&=b",
    ],
)
def test_bad_forms_are_refused(client: TestClient, body: str) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert client.post("/v1/videos", content=body.encode(), headers=headers).status_code == 400


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"garbage"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\na'),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\na\r\n'
            b'--x\r\nContent-Disposition: form-data; name="input_reference"; filename="a.png"\r\n\r\n\x89PNG',
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="prompt"; filename="a.txt"\r\n\r\na\r\n--x--\r\n',
        ),
    ],
)
def test_broken_multipart_is_refused(client: TestClient, kind: str, body: bytes) -> None:
    answer = client.post("/v1/videos", content=body, headers={"content-type": kind})
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize("kind", ["", "text/plain", "application/xml", "application/jsonp", "video/mp4"])
def test_other_encodings_are_refused(client: TestClient, kind: str) -> None:
    answer = client.post("/v1/videos", content=b'{"prompt": "a"}', headers={"content-type": kind})
    assert (answer.status_code, answer.json()["error"]["param"]) == (415, "content-type")


MEDIA = [
    (png()[:40], "image/png", 422),
    (png(640, 480)[:-40], "image/png", 422),
    (b"", "image/png", 422),
    (png(), "image/jpeg", 415),
    (png(), "video/mp4", 415),
    (png(), "text/html", 415),
    (b"GIF89a" + bytes(100), "image/gif", 415),
    (b"#!/bin/sh\n", "image/png", 415),
    (b"#EXTM3U\nhttp://127.0.0.1/\n", "application/octet-stream", 415),
    (png(15_000, 15_000), "image/png", 413),
]


@pytest.mark.parametrize(("data", "kind", "status"), MEDIA, ids=lambda value: repr(value)[:30])
def test_media_that_is_not_fit_is_refused(client: TestClient, data: bytes, kind: str, status: int) -> None:
    answer = client.post("/v1/videos", data={"prompt": "a"}, files={"input_reference": ("a.png", data, kind)})
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, "input_reference"), answer.text


def test_media_in_a_data_url_is_probed_too(client: TestClient) -> None:
    url = "data:image/png;base64," + base64.b64encode(png()[:40]).decode()
    answer = client.post("/v1/videos", json={"prompt": "a", "input_reference": {"image_url": url}})
    assert (answer.status_code, answer.json()["error"]["param"]) == (422, "input_reference.image_url")


def test_media_is_refused_before_a_wrong_field_is_forgotten(client: TestClient) -> None:
    files = {"input_reference": ("a.png", png(), "image/png")}
    answer = client.post("/v1/videos", data={"prompt": "a", "seconds": "99"}, files=files)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "seconds")


def test_a_second_file_is_refused(client: TestClient) -> None:
    files = [("input_reference", ("a.png", png(), "image/png"))] * 2
    answer = client.post("/v1/videos", data={"prompt": "a"}, files=files)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "input_reference")


def test_a_body_over_the_limit_is_refused(client: TestClient) -> None:
    def unannounced() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 2**15

    answers = [
        client.post("/v1/videos", content=b" " * (2**20 + 1), headers=TEXT),
        client.post("/v1/videos", content=unannounced(), headers=TEXT),
        client.post("/v1/videos", data={"prompt": "a"}, files={"input_reference": bytes(2**20 + 1)}),
    ]
    assert [answer.status_code for answer in answers] == [413] * 3
    assert all(answer.json()["error"]["code"] == "payload_too_large" for answer in answers)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v1", 404),
        ("POST", "/v1/images", 404),
        ("PUT", "/v1/videos", 405),
        ("GET", "/docs", 404),
        ("PATCH", "/v1/models", 405),
        ("GET", "/v1/videos/", 404),
        ("POST", "/v1/videos/edits", 405),
    ],
)
def test_unknown_routes_answer_in_the_same_shape(
    client: TestClient, method: str, path: str, status: int
) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["error"]["type"]) == (status, "invalid_request_error")
