import dataclasses
import threading
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from gateway.app import create_app
from gateway.config import Config
from services.settings import RedisSettings, StorageSettings


def test_all_is_well(client: TestClient) -> None:
    assert client.get("/livez").json() == {"status": "ok", "parts": {}}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["parts"]) == (200, {"redis": None, "storage": None})


def test_without_redis_it_lives_but_is_not_ready(config: Config) -> None:
    nowhere = dataclasses.replace(config, redis=RedisSettings(url="redis://127.0.0.1:1/0", timeout_s=0.5))
    with TestClient(create_app(nowhere), raise_server_exceptions=False) as client:
        assert client.get("/livez").status_code == 200
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
        assert ready.json()["parts"] == {"redis": "LedgerUnavailable", "storage": None}
        for method, path in (("POST", ""), ("GET", ""), ("GET", "/video_1"), ("DELETE", "/video_1")):
            answer = client.request(
                method, f"/v1/videos{path}", json={"prompt": "a"} if method == "POST" else None
            )
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
            assert int(answer.headers["retry-after"]) > 0


def test_without_storage_it_is_not_ready(config: Config, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    nowhere = dataclasses.replace(config, storage=StorageSettings(data_dir=tmp_path / "file"))
    with TestClient(create_app(nowhere)) as client:
        assert client.get("/readyz").json()["parts"] == {"redis": None, "storage": "StorageUnavailable"}


@pytest.mark.parametrize("path", ["/readyz", "/livez"])
def test_a_draining_gateway_is_alive_but_not_ready(config: Config, path: str) -> None:
    draining = threading.Event()
    with TestClient(create_app(config, draining=draining)) as client:
        draining.set()
        answer = client.get(path)
        assert answer.status_code == (503 if path == "/readyz" else 200)
        assert answer.json()["status"] == ("draining" if path == "/readyz" else "ok")
