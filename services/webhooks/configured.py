"""From the words of the environment to a policy, or to a reason not to start."""

from collections.abc import Sequence

from services.contract.errors import ConfigurationError, TargetRefused
from services.webhooks.policy import Policy, networks
from services.webhooks.signing import key


def read_policy(networks_text: str, ports_text: str) -> Policy:
    """The policy of ``MOVIOLA_WEBHOOK_NETWORKS`` and ``MOVIOLA_WEBHOOK_PORTS``. Raises ConfigurationError."""
    try:
        allowed = networks(networks_text)
    except ValueError as error:
        raise ConfigurationError(f"MOVIOLA_WEBHOOK_NETWORKS: {error}") from error
    words = [word.strip() for word in ports_text.split(",") if word.strip()]
    if not all(word.isascii() and word.isdigit() and 0 < int(word) < 65536 for word in words):
        raise ConfigurationError("MOVIOLA_WEBHOOK_PORTS must be ports, separated by commas")
    return Policy(networks=allowed, ports=tuple(map(int, words)))


def check_account(url: str | None, secrets: Sequence[str], policy: Policy) -> None:
    """Raises ConfigurationError where the account's webhook could never be sent."""
    for secret in secrets:
        try:
            key(secret)
        except ValueError as error:
            raise ConfigurationError(f"MOVIOLA_WEBHOOK_SECRET {error}") from error
    if url is None:
        return
    if not secrets:
        raise ConfigurationError("MOVIOLA_WEBHOOK_URL wants a MOVIOLA_WEBHOOK_SECRET to sign with")
    try:
        policy.check(url)
    except TargetRefused as error:
        raise ConfigurationError(f"MOVIOLA_WEBHOOK_URL {error}") from error
