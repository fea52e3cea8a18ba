"""``python -m gateway``: one gateway process."""

import threading
from types import FrameType

import uvicorn

from gateway.app import create_app
from gateway.config import Config
from services.contract.errors import ConfigurationError
from services.telemetry.logs import configure

GRACE_S = 8
KEEP_ALIVE_S = 75


class Server(uvicorn.Server):
    """Drains as soon as it is told to stop: event streams end, and nobody sends it more work."""

    def __init__(self, config: uvicorn.Config, draining: threading.Event) -> None:
        super().__init__(config)
        self._draining = draining

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop."""
        self._draining.set()
        super().handle_exit(sig, frame)


def main() -> None:
    """Serve until SIGTERM or SIGINT. Ends with a line on standard error where the settings are wrong."""
    configure("gateway")
    config, draining = Config.from_environment(), threading.Event()
    try:
        app = create_app(config, draining=draining)
    except ConfigurationError as error:
        raise SystemExit(f"gateway: {error}") from error
    uvicorn_config = uvicorn.Config(
        app,
        host=config.gateway.host,
        port=config.gateway.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    Server(uvicorn_config, draining).run()


if __name__ == "__main__":
    main()
