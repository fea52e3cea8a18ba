import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx


def test_the_process_serves_and_ends_open_streams_when_told_to_stop(redis_url: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    env = {
        **os.environ,
        "REDIS_URL": redis_url,
        "MOVIOLA_PORT": str(port),
        "MOVIOLA_HOST": "127.0.0.1",
        "MOVIOLA_DATA_DIR": str(tmp_path),
    }
    url = f"http://127.0.0.1:{port}"
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "gateway"], env=env, stderr=log)
    try:
        wait_until_ready(url, process)
        video_id = httpx.post(f"{url}/v1/videos", json={"prompt": "a secret wish"}).json()["id"]
        with httpx.stream("GET", f"{url}/v1/videos/{video_id}/events", timeout=20) as stream:
            lines = stream.iter_lines()
            assert next(lines) == "event: video.queued"
            process.send_signal(signal.SIGTERM)
            asked = time.monotonic()
            assert all("failed" not in line for line in lines)
        process.wait(timeout=20)
        assert time.monotonic() - asked < 5
    finally:
        process.kill()
        process.wait()
    assert "a secret wish" not in (tmp_path / "log").read_text()


def test_it_says_why_it_does_not_start(tmp_path: Path) -> None:
    env = {**os.environ, "MOVIOLA_HOST": "0.0.0.0", "MOVIOLA_DATA_DIR": str(tmp_path)}
    process = subprocess.run([sys.executable, "-m", "gateway"], env=env, capture_output=True, timeout=60)
    assert process.returncode == 1
    assert process.stderr.startswith(b"gateway: MOVIOLA_HOST=0.0.0.0")


def wait_until_ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("not ready")
