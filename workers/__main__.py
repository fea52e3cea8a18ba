"""``python -m workers``: one worker process, one film at a time.

A thread pool of one, so that a draining worker can tell the running film to stop, and so that gRPC never
meets a fork.
"""

import os
from pathlib import Path

from celery import signals

from services.telemetry.logs import configure
from workers.app import create_worker


def main() -> None:
    """Run until SIGTERM."""
    signals.setup_logging.connect(lambda **_: configure("worker"), weak=False)
    ready_file = os.environ.get("MOVIOLA_READY_FILE")
    worker = create_worker(Path(ready_file) if ready_file else None)
    worker.worker_main(
        ["worker", "--pool=threads", "--concurrency=1", "--without-gossip", "--without-mingle"]
    )


if __name__ == "__main__":
    main()
