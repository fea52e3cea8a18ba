"""The settings that a gateway runs with."""

import ipaddress
from dataclasses import dataclass
from typing import Self

from services.contract.errors import ConfigurationError
from services.settings import (
    CastSettings,
    GatewaySettings,
    QueueSettings,
    RedisSettings,
    StorageSettings,
    WebhookSettings,
)


@dataclass(frozen=True)
class Config:
    """All groups of settings of a gateway."""

    gateway: GatewaySettings
    redis: RedisSettings
    storage: StorageSettings
    casts: CastSettings
    webhooks: WebhookSettings
    queue: QueueSettings

    @classmethod
    def from_environment(cls) -> Self:
        """Read ``MOVIOLA_*`` and ``REDIS_URL``."""
        return cls(
            GatewaySettings(),
            RedisSettings(),
            StorageSettings(),
            CastSettings(),
            WebhookSettings(),
            QueueSettings(),
        )


def check_exposure(settings: GatewaySettings) -> None:
    """Refuse to serve other machines without keys.

    Bound to a loopback address the gateway takes any key or none. On any other address that would hand the
    service to the whole network, so it must be asked for with ``MOVIOLA_ALLOW_ANONYMOUS=1`` (behind a proxy
    that checks callers, for instance). Raises ConfigurationError.
    """
    if not is_loopback(settings.host) and not settings.allow_anonymous:
        raise ConfigurationError(
            f"MOVIOLA_HOST={settings.host} is not a loopback address and there are no keys: "
            "set MOVIOLA_ALLOW_ANONYMOUS=1 to serve anybody who can reach it"
        )


def is_loopback(host: str) -> bool:
    """Whether ``host`` is ``localhost`` or a loopback address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
