"""The client: orders until it is answered, with a key or as the SDK does, and remembers what it was told."""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

from tests.chaos import film
from tests.chaos.processes import Stack

PATIENCE_S = 90.0
AT_ONCE = 4
SECRET = "whsec_" + "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"


class NoAnswer(Exception):
    """Again and again; the order is not accepted."""


@dataclass
class Client:
    """``ids`` by seed of what was accepted; ``again`` counts answers that said so; ``doubled`` are seeds for
    which two ids were told. ``with_key``: else the attempts are numbered, as the SDK does."""

    stack: Stack
    webhook_url: str | None = None
    with_key: bool = True
    seconds: int = 1
    ids: dict[int, str] = field(default_factory=dict)
    cancelled: set[int] = field(default_factory=set)
    deleted: set[int] = field(default_factory=set)
    doubled: set[int] = field(default_factory=set)
    again: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def order(self, seed: int) -> str:
        """The id of the job of ``seed``. Raises NoAnswer."""
        fields = film.order(seed, self.seconds)
        if self.webhook_url:
            fields |= {"webhook_url": self.webhook_url, "webhook_secret": SECRET}
        answer = self._until_answered(seed, fields)
        video_id = str(answer.json()["id"])
        with self._lock:
            self.again += "idempotent-replayed" in answer.headers
            if self.ids.setdefault(seed, video_id) != video_id:
                self.doubled.add(seed)
        return video_id

    def order_all(self, seeds: Iterable[int], pause_s: float = 0.0) -> None:
        """All of them, some at once; ``pause_s`` between the orders of each thread. Raises NoAnswer."""

        def one(seed: int) -> None:
            self.order(seed)
            time.sleep(pause_s)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            for _ in pool.map(one, seeds):
                pass

    def meanwhile(self, seeds: Iterable[int], do: Callable[[], None], pause_s: float = 0.0) -> None:
        """Order all of them while ``do`` does its worst."""
        with ThreadPoolExecutor(1) as pool:
            ordering = pool.submit(self.order_all, list(seeds), pause_s)
            do()
            ordering.result()

    def cancel(self, seed: int) -> None:
        """Cancel, until answered. Too late is an answer."""
        if self._insist("POST", f"/v1/videos/{self.ids[seed]}/cancel").status_code == 200:
            self.cancelled.add(seed)

    def delete(self, seed: int) -> None:
        """Delete, until answered."""
        self._insist("DELETE", f"/v1/videos/{self.ids[seed]}")
        self.deleted.add(seed)

    def _until_answered(self, seed: int, fields: dict[str, object]) -> httpx.Response:
        deadline, attempt = time.monotonic() + PATIENCE_S, 0
        while time.monotonic() < deadline:
            headers = {"x-stainless-retry-count": str(attempt)}
            if self.with_key:
                headers = {"idempotency-key": f"order-{seed}"}
            attempt += 1
            try:
                answer = httpx.post(
                    f"{self.stack.url}/v1/videos", json=fields, headers=headers, timeout=10, trust_env=False
                )
            except httpx.TransportError:
                time.sleep(0.2)
                continue
            if answer.status_code == 200:
                return answer
            if answer.status_code not in (409, 429) and answer.status_code < 500:
                raise NoAnswer(f"refused: {answer.text}")
            time.sleep(min(2.0, float(answer.headers.get("retry-after", "0.3"))))
        raise NoAnswer(f"seed {seed}")

    def _insist(self, method: str, path: str) -> httpx.Response:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                answer = httpx.request(method, self.stack.url + path, timeout=10, trust_env=False)
            except httpx.TransportError:
                time.sleep(0.2)
                continue
            if answer.status_code < 500:
                return answer
            time.sleep(0.3)
        raise NoAnswer(path)
