"""``python -m tests.chaos.gateway``: a gateway as in production, with failpoints around the ledger."""

import os
import threading
from typing import Any

import pytest

import gateway.__main__
import gateway.services
from services.contract.job import Job
from services.jobs.ledger import Ledger, Wake
from services.jobs.queue import publish
from tests.chaos.points import Points, here
from tests.chaos.versions import become, version
from tests.chaos.weaken import DEFENCES

ANSWERED_S = 0.1


def listen(points: Points, patch: pytest.MonkeyPatch) -> None:
    """Failpoints before the row is written, after it, after the message, and after the answer."""
    create, now = Ledger.create, threading.local()

    def creating(self: Ledger, job: Job, *args: Any) -> Job:
        points.pass_by("row", job.spec.seed)
        made = create(self, job, *args)
        now.seed = job.spec.seed
        points.pass_by("message", job.spec.seed)
        return made

    def publishing(app: Any, wake: Wake) -> None:
        publish(app, wake)
        points.pass_by("answer", now.seed)
        threading.Timer(ANSWERED_S, points.pass_by, ("answered", now.seed)).start()

    patch.setattr(Ledger, "create", creating)
    patch.setattr(gateway.services, "publish", publishing)


def main() -> None:
    """Serve until SIGTERM."""
    patch = pytest.MonkeyPatch()
    for name in filter(None, os.environ.get("CHAOS_WITHOUT", "").split(",")):
        DEFENCES[name](patch)
    become(version(), patch)
    listen(here(), patch)
    gateway.__main__.main()


if __name__ == "__main__":
    main()
