import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from services.contract.errors import GenerationError
from training.evaluation import api
from training.evaluation.api import Client


class Gateway(BaseHTTPRequestHandler):
    """Answers as the gateway does: queued, away for a moment, then whatever `end` is."""

    seen: list[tuple[str, Any]]
    end: dict[str, Any]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.seen.append(("POST", body))
        if body["prompt"] == "refuse me":
            self._answer(400, {"error": {"message": "no such size"}})
        else:
            self._answer(200, {"id": "video_1", "status": "queued"})

    def do_GET(self) -> None:
        self.seen.append(("GET", self.path))
        if self.path.endswith("/content"):
            self._send(200, b"the film")
        elif sum(kind == "GET" for kind, _ in self.seen) == 2:
            self._answer(503, {})
        else:
            done = sum(kind == "GET" for kind, _ in self.seen) > 2
            self._answer(200, self.end if done else {"status": "queued"})

    def do_DELETE(self) -> None:
        self.seen.append(("DELETE", self.path))
        self._answer(200, {"deleted": True})

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, status: int, body: Any) -> None:
        self._send(status, json.dumps(body).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(api, "POLL_S", 0.01)
    Gateway.seen, Gateway.end = [], {"status": "completed"}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_film_is_ordered_waited_for_kept_and_deleted(gateway: str, tmp_path: Path) -> None:
    Client(gateway).film({"prompt": "a ball"}, tmp_path / "film.mp4", b"picture")
    assert (tmp_path / "film.mp4").read_bytes() == b"the film"
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]
    (_, body), *_, last = Gateway.seen
    picture = body["input_reference"]["image_url"].removeprefix("data:image/png;base64,")
    assert base64.b64decode(picture) == b"picture"
    assert last == ("DELETE", "/v1/videos/video_1")


def test_what_is_refused_or_fails_is_said(gateway: str, tmp_path: Path) -> None:
    client = Client(gateway)
    with pytest.raises(GenerationError, match="no such size"):
        client.film({"prompt": "refuse me"}, tmp_path / "film.mp4")
    Gateway.end = {"status": "failed", "error": {"message": "out of luck"}}
    with pytest.raises(GenerationError, match="out of luck"):
        client.film({"prompt": "a ball"}, tmp_path / "film.mp4")
    assert list(tmp_path.iterdir()) == []


def test_patience_ends(gateway: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "PATIENCE_S", 0.05)
    Gateway.end = {"status": "in_progress"}
    with pytest.raises(GenerationError, match="longer than"):
        Client(gateway).film({"prompt": "a ball"}, tmp_path / "film.mp4")
