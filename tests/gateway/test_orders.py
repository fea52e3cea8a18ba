import base64
import dataclasses
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient

from gateway.app import create_app
from gateway.config import Config
from gateway.services import Services, connect
from services.contract.errors import StorageUnavailable

Send = Callable[[TestClient, bytes], int]


def by_file(client: TestClient, png: bytes) -> int:
    files = {"input_reference": ("first.png", png, "image/png")}
    return client.post("/v1/videos", data={"prompt": "a"}, files=files).status_code


def by_file_of_no_declared_type(client: TestClient, png: bytes) -> int:
    files = {"input_reference": ("first", png, "application/octet-stream")}
    return client.post("/v1/videos", data={"prompt": "a"}, files=files).status_code


def by_object(client: TestClient, png: bytes) -> int:
    reference = {"image_url": f"data:image/png;base64,{base64.b64encode(png).decode()}"}
    return client.post("/v1/videos", json={"prompt": "a", "input_reference": reference}).status_code


def by_bracketed_field(client: TestClient, png: bytes) -> int:
    url = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    form = {"prompt": "a", "input_reference[image_url]": url}
    return client.post("/v1/videos", data=form).status_code


def by_bracketed_part(client: TestClient, png: bytes) -> int:
    url = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    files = {"prompt": (None, "a"), "input_reference[image_url]": (None, url)}
    return client.post("/v1/videos", files=files).status_code


@pytest.mark.parametrize(
    "send", [by_file, by_file_of_no_declared_type, by_object, by_bracketed_field, by_bracketed_part]
)
def test_a_first_frame_is_kept_as_it_came(
    client: TestClient, services: Services, png: bytes, send: Send
) -> None:
    assert send(client, png) == 200
    (job,) = services.ledger.page("default", after=None, limit=5, descending=True).jobs
    assert job.spec.task == "image"
    assert job.spec.input_reference == f"inputs/{job.id}/input_reference"
    assert services.storage.read(job.spec.input_reference) == png


def test_no_job_is_made_where_storage_does_not_take_the_media(
    client: TestClient, services: Services, png: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StorageUnavailable("no space left")

    monkeypatch.setattr("services.storage.local.LocalStorage.put", full)
    assert by_file(client, png) == 503
    assert services.ledger.counts().queued == 0


def test_the_id_is_published_after_the_row_is_written(config: Config) -> None:
    seen: list[bool] = []

    @contextmanager
    def watched(config: Config, draining: threading.Event) -> Iterator[Services]:
        with connect(config, draining) as services:
            ledger = services.ledger
            yield dataclasses.replace(
                services, publish=lambda wake: seen.append(ledger.find(wake.job_id) is not None)
            )

    with TestClient(create_app(config, connect=watched)) as client:
        client.post("/v1/videos", json={"prompt": "a"})
    assert seen == [True]
