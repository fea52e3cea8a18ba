"""The invariant, checked after a case from outside: through the API, in the storage, at the receiver."""

import hashlib
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import pytest
import redis

from services.jobs.identity import Identity
from services.jobs.ledger import Ledger
from services.storage.local import LocalStorage
from tests.chaos import film
from tests.chaos.client import Client
from tests.chaos.outcome import Outcome
from tests.chaos.points import Points
from tests.receiver import Received
from workers import orphans

TOLD_S = 45.0


@dataclass(frozen=True)
class Expected:
    """``films``: SHA-256 of undisturbed films of each variant. ``failing``: the code with which the jobs
    of some seeds have to fail. ``drain_s``: within which all have to be final."""

    films: Mapping[int, Collection[str]]
    failing: Mapping[int, str] = field(default_factory=dict)
    drain_s: float = 120.0


def drained(client: Client, within_s: float) -> float:
    """Wait until nothing waits or runs, and say how long that took; ``within_s`` at most."""
    began = time.monotonic()
    with client.stack.redis() as ledger:
        while time.monotonic() - began < within_s:
            try:
                if not ledger.zcard("moviola:pending") and not ledger.zcard("moviola:running"):
                    break
            except redis.RedisError:
                pass
            time.sleep(0.1)
    return time.monotonic() - began


def audit(client: Client, expected: Expected, received: list[Received], outcome: Outcome) -> None:
    """Fill ``outcome`` with what there is when everything should be over."""
    outcome.drained_s = drained(client, expected.drain_s)
    outcome.accepted = len(client.ids)
    outcome.duplicated += len(client.doubled)
    listed = _listed(client)
    final = {name for name, video in listed.items() if video["status"] in ("completed", "failed")}
    for seed, video_id in client.ids.items():
        _count(seed, listed.pop(video_id, None), client, expected, outcome)
    outcome.duplicated += len(listed)  # what nobody was told of
    _events(client.stack.points, outcome)
    if client.webhook_url:
        outcome.untold = _untold(final, received)
    outcome.left = _left_behind(client)


def _listed(client: Client) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    query: dict[str, str | int] = {"limit": 100, "order": "asc"}
    while True:
        answer = httpx.get(f"{client.stack.url}/v1/videos", params=query, timeout=30, trust_env=False)
        page = answer.raise_for_status().json()
        found |= {video["id"]: video for video in page["data"]}
        if not page["has_more"]:
            return found
        query["after"] = page["last_id"]


def _count(
    seed: int, video: dict[str, Any] | None, client: Client, expected: Expected, outcome: Outcome
) -> None:
    if video is None:
        outcome.deleted += seed in client.deleted
        outcome.lost += seed not in client.deleted
    elif seed in client.deleted or video["status"] in ("queued", "in_progress"):
        outcome.stuck += 1
    elif video["status"] == "completed":
        outcome.completed += 1
        outcome.lost += seed in expected.failing or seed in client.cancelled
        outcome.damaged += not _is_whole(seed, video, client, expected)
    elif video["error"]["code"] == "cancelled":
        outcome.cancelled += 1
        outcome.lost += seed not in client.cancelled
    else:
        outcome.failed += 1
        if video["error"]["code"] != expected.failing.get(seed):
            outcome.lost += 1
            outcome.notes.setdefault("failures", []).append(video["error"])


def _is_whole(seed: int, video: dict[str, Any], client: Client, expected: Expected) -> bool:
    answer = httpx.get(f"{client.stack.url}/v1/videos/{video['id']}/content", timeout=30, trust_env=False)
    digest = hashlib.sha256(answer.content).hexdigest()
    wanted = expected.films.get(seed % film.VARIANTS, [digest])
    return answer.status_code == 200 and digest == video["facts"]["sha256"] and digest in wanted


def _events(points: Points, outcome: Outcome) -> None:
    faults = points.events("fault")
    outcome.faults += len(faults)
    commits = Counter(job for job, _ in {(one["job"], one["token"]) for one in points.events("committed")})
    outcome.duplicated += sum(number > 1 for number in commits.values())
    attempts: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for event in points.events("taken"):
        attempts[event["seed"]].append(event)
    outcome.resumed = sum(len(taken) > 1 for taken in attempts.values())
    # With other weights it is another step.
    what = ("seed", "loop", "step", "weights")
    steps = Counter(tuple(event[name] for name in what) for event in points.events("step"))
    anew: Counter[tuple[int, str]] = Counter()
    for (seed, loop, *_), number in steps.items():
        anew[seed, loop] += number - 1
    outcome.recomputed = anew.total()
    allowed = film.SNAPSHOT_STEPS
    outcome.excess = sum(number > allowed * (len(attempts[seed]) - 1) for (seed, _), number in anew.items())
    makers = {event["pid"] for taken in attempts.values() for event in taken}
    for fault in faults:
        if fault["action"] in ("kill", "stop") and fault["pid"] in makers:
            later = [one["at"] for one in attempts.get(fault["seed"], ()) if one["at"] > fault["at"]]
            outcome.recoveries_s += [min(later) - fault["at"]] if later else []


def _untold(wanted: set[str], received: list[Received]) -> int:
    """Jobs whose webhook did not come in time, or came under more ids than one."""
    deadline = time.monotonic() + TOLD_S
    while True:
        ids: dict[str, set[str]] = defaultdict(set)
        for request in tuple(received):
            told = httpx.Response(200, content=request.body).json()
            ids[told["data"]["id"]].add(request.headers["webhook-id"])
        missing = wanted - ids.keys()
        if not missing or time.monotonic() > deadline:
            return len(missing) + sum(len(names) > 1 for names in ids.values())
        time.sleep(0.2)


def _left_behind(client: Client) -> int:
    """Objects of which no row speaks, once the collection went over all of them as if they were old."""
    storage = LocalStorage(client.stack.storage)
    with client.stack.redis() as connection, pytest.MonkeyPatch.context() as patch:
        patch.setattr(orphans, "OLD_S", -1.0)
        patch.setattr(orphans, "REST_S", 3600.0)
        ledger = Ledger(connection)
        collection = orphans.Orphans(ledger, Identity(connection), storage)
        for _ in range(3 + 10 * len(client.ids) // orphans.PAGE + len(orphans.FOLDERS)):
            collection.round()
        page = partial(storage.page, limit=10**6)
        keys = [stored.key for folder in orphans.FOLDERS for stored in page(folder)]
        left = [key for key in keys if not _has_row(key, ledger)]
    parts = storage._parts
    return len(left) + (len(list(parts.iterdir())) if parts.exists() else 0)


def _has_row(key: str, ledger: Ledger) -> bool:
    kind, job_id, *_ = key.split("/")
    row = ledger.find(job_id)
    if row is None or kind == "snapshots":
        return row is not None and not row.status.is_final
    if kind == "inputs" or not row.status.is_final:
        return True
    return row.result is not None and key.startswith(row.result.video.rpartition("/")[0] + "/")
