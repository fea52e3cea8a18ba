"""200 open event streams while 1,000 tenants have a video waiting: a look at the queue for all, or one each.

A real Redis and two real gateways, one for each way; tenants are named in a header. Twice a second a video
is taken, so that all behind it move up. Rounds of both ways alternate. Printed are what Redis and gateway use
of a processor, how many changes the clients hear of, what one costs, how long a retrieve takes meanwhile.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from unittest.mock import patch

import httpx
import redis
import uvicorn
from fastapi import Header

from gateway import auth
from gateway.app import create_app
from gateway.lookout import Lookout
from gateway.routes import events
from gateway.schemas import Video, VideoDeleted
from gateway.views import view
from services.contract.cast import CastManifest
from services.contract.job import Job, Stage, Status
from services.contract.spec import VideoRequest, resolve
from services.jobs.ledger import Ledger
from services.jobs.outlook import Estimate
from services.local.ports import free_ports
from services.local.redis import redis_part
from services.local.supervisor import Part, Supervisor
from services.settings import MANIFESTS

CAST = CastManifest.read(MANIFESTS / "moviegen-mini.json")
EACH, ALL = "one each", "one for all"
TAKE_EVERY_S = 0.5
SETTLE_S = 3.0


def estimate_alone(lookout: Lookout, job: Job) -> Estimate:
    """In place of ``Lookout.estimate``."""
    return lookout._ledger.estimate(job)


def look_alone(watch: events._Watch) -> Video | VideoDeleted | None:
    """In place of ``_Watch.look``: the place is looked up each time."""
    ledger, job = watch._services.ledger, watch._job
    version = ledger.version(job.tenant, job.id)
    if version == watch._version and ledger.position(job.id) == watch._position:
        return None
    found = ledger.get(job.tenant, job.id)
    if version is None or found is None:
        return VideoDeleted(id=job.id)
    video = view(found, watch._services)
    watch._version, watch._position = version, video.queue_position
    return video


async def tenant_of_header(x_tenant: Annotated[str, Header()]) -> str:
    """In place of keys."""
    return x_tenant


def serve(port: int, way: str) -> None:
    """Be a gateway."""
    app = create_app()
    app.dependency_overrides[auth.tenant] = tenant_of_header
    with (
        patch.object(Lookout, "estimate", estimate_alone if way == EACH else Lookout.estimate),
        patch.object(events._Watch, "look", look_alone if way == EACH else events._Watch.look),
    ):
        uvicorn.run(app, port=port, log_config=None, access_log=False)


def gateway_part(way: str, port: int, redis_port: int, folder: Path) -> Part:
    """A gateway that goes one way."""
    url = f"http://127.0.0.1:{port}/livez"
    return Part(
        way,
        [sys.executable, __file__, "--serve", str(port), "--way", way],
        lambda: answers(url),
        {"REDIS_URL": f"redis://127.0.0.1:{redis_port}/0", "MOVIOLA_DATA_DIR": str(folder)},
    )


def answers(url: str) -> bool:
    """Whether there is anybody."""
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


def used_s(pid: int) -> float:
    """Processor time of a process so far."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """Of a round: what of a processor is used, and how many changes clients heard of."""

    redis: float
    gateway: float
    told_per_s: float
    retrieve_s: float

    @property
    def ms_a_change(self) -> float:
        """Processor time."""
        return 1000 * (self.redis + self.gateway) / self.told_per_s


class Audience:
    """Follows ``jobs`` at a gateway, and retrieves the last of them now and then."""

    def __init__(self, client: httpx.AsyncClient, jobs: list[Job]) -> None:
        self._client, self._jobs = client, jobs
        self.told, self.retrieves_s = 0, list[float]()

    async def follow(self, job: Job) -> None:
        """Until cancelled."""
        url, headers = f"/v1/videos/{job.id}/events", {"x-tenant": job.tenant}
        async with self._client.stream("GET", url, headers=headers) as answer:
            async for line in answer.aiter_lines():
                self.told += line.startswith("data:")

    async def retrieve(self) -> None:
        """Until cancelled."""
        job = self._jobs[-1]
        while True:
            started = time.perf_counter()
            answer = await self._client.get(f"/v1/videos/{job.id}", headers={"x-tenant": job.tenant})
            answer.raise_for_status()
            self.retrieves_s.append(time.perf_counter() - started)
            await asyncio.sleep(0.1)


async def take(ledger: Ledger) -> None:
    """Be the workers, until cancelled."""
    while True:
        await asyncio.to_thread(ledger.take, CAST.name)
        await asyncio.sleep(TAKE_EVERY_S)


async def listen(url: str, ledger: Ledger, jobs: list[Job], pids: tuple[int, int], seconds: float) -> Cost:
    """One round."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60, trust_env=False) as client:
        audience = Audience(client, jobs)
        doings = [*map(audience.follow, jobs), audience.retrieve(), take(ledger)]
        tasks = [asyncio.create_task(doing) for doing in doings]
        await asyncio.sleep(SETTLE_S)
        began, told, used = time.monotonic(), audience.told, [used_s(pid) for pid in pids]
        audience.retrieves_s.clear()
        await asyncio.sleep(seconds)
        took_s = time.monotonic() - began
        busy = [(used_s(pid) - before) / took_s for pid, before in zip(pids, used, strict=True)]
        told_per_s = (audience.told - told) / took_s
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    if any(not isinstance(end, asyncio.CancelledError) for end in ended):
        raise SystemExit(f"a stream broke off: {set(map(repr, ended))}")
    return Cost(busy[0], busy[1], told_per_s, statistics.median(audience.retrieves_s))


def queue_up(ledger: Ledger, count: int) -> list[Job]:
    """A video for each of ``count`` tenants, and a history to estimate from."""
    spec = resolve(VideoRequest(prompt="a red ball"), CAST, model=CAST.name)
    ledger.learn(spec, dict.fromkeys(Stage, 10.0))
    jobs = [
        Job(id=f"video_{n:06}", tenant=f"t{n}", spec=spec, status=Status.QUEUED, created_at=time.time())
        for n in range(count)
    ]
    for job in jobs:
        ledger.create(job)
    return jobs


def report(costs: dict[str, list[Cost]]) -> None:
    """Print medians, and their ratio."""
    for way, rounds in costs.items():
        middle = [statistics.median(getattr(one, name) for one in rounds) for name in Cost.__annotations__]
        print(
            f"{way:12} Redis {middle[0]:4.0%} and gateway {middle[1]:4.0%} of a processor, "
            f"{middle[2]:5.0f} changes told a second, a retrieve {1000 * middle[3]:6.1f} ms"
        )
    each, together = (statistics.median(one.ms_a_change for one in costs[way]) for way in (EACH, ALL))
    print(f"a change told costs {each:.2f} and {together:.2f} ms of a processor: ratio {together / each:.3f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, default=1000)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--way", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.way)
        return
    redis_port, *ports = free_ports(3)
    with tempfile.TemporaryDirectory() as name:
        supervisor = Supervisor(Path(name), print)
        try:
            supervisor.start([redis_part(redis_port, Path(name) / "redis")])
            gateways = dict(zip((EACH, ALL), ports, strict=True))
            supervisor.start([gateway_part(*one, redis_port, Path(name)) for one in gateways.items()])
            with redis.Redis(port=redis_port) as client:
                ledger = Ledger(client)
                jobs = queue_up(ledger, options.tenants)[-options.streams :]
                pids, costs = supervisor.pids, dict[str, list[Cost]]()
                for way, port in [*gateways.items()] * options.rounds:
                    url, two = f"http://127.0.0.1:{port}", (pids["redis"], pids[way])
                    cost = asyncio.run(listen(url, ledger, jobs, two, options.seconds))
                    costs.setdefault(way, []).append(cost)
        finally:
            supervisor.stop()
    print(f"{options.streams} streams, {options.tenants} tenants with a video waiting")
    report(costs)


if __name__ == "__main__":
    main()
