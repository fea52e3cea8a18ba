"""Films through the public API of a running stack."""

import base64
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from services.contract.errors import GenerationError

POLL_S = 0.3
PATIENCE_S = 1800.0


@dataclass(frozen=True)
class Client:
    """The gateway at `url`."""

    url: str

    def film(self, fields: dict[str, Any], path: Path, first: bytes | None = None) -> None:
        """Order a film, wait for it and write it to `path`; `first` is a PNG that it begins with.

        Raises GenerationError if it is refused, fails or takes longer than 30 minutes.
        """
        body = dict(fields)
        if first is not None:
            picture = base64.b64encode(first).decode()
            body["input_reference"] = {"image_url": f"data:image/png;base64,{picture}"}
        with httpx.Client(base_url=self.url, timeout=60, trust_env=False) as client:
            answer = client.post("/v1/videos", json=body)
            if answer.is_error:
                raise GenerationError(f"refused: {answer.json()['error']['message']}")
            video = self._wait(client, answer.json()["id"])
            path.write_bytes(client.get(f"/v1/videos/{video}/content").raise_for_status().content)
            client.delete(f"/v1/videos/{video}").raise_for_status()

    def _wait(self, client: httpx.Client, video: str) -> str:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            time.sleep(POLL_S)
            state = client.get(f"/v1/videos/{video}")
            if state.is_server_error:
                continue
            status = state.raise_for_status().json()
            if status["status"] == "completed":
                return video
            if status["status"] == "failed":
                raise GenerationError(f"{video} failed: {status['error']['message']}")
        raise GenerationError(f"{video} took longer than {PATIENCE_S:.0f} s")
