"""Who is to be told when an order is done."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.contract.errors import InvalidRequest, TargetRefused
from services.contract.job import Target
from services.contract.spec import VideoRequest
from services.settings import WebhookSettings
from services.webhooks.configured import check_account, read_policy
from services.webhooks.policy import Policy
from services.webhooks.signing import key


@dataclass(frozen=True)
class Webhooks:
    """The account's webhook, if it has one, and what an order's own may be."""

    policy: Policy
    account_url: str | None
    has_secret: bool

    @classmethod
    def of(cls, settings: WebhookSettings) -> "Webhooks":
        """Raises ConfigurationError."""
        policy = read_policy(settings.networks, settings.ports)
        check_account(settings.url, settings.secrets, policy)
        return cls(policy, settings.url, bool(settings.secrets))

    def targets(self, request: VideoRequest) -> tuple[Target, ...]:
        """The order's own webhook and the account's. Names are not asked for; what they stand for is checked
        at delivery. Raises InvalidRequest."""
        return tuple(self._targets(request))

    def _targets(self, request: VideoRequest) -> Iterator[Target]:
        if request.webhook_url is not None:
            self._check(request.webhook_url, request.webhook_secret)
            yield Target(of="job", url=request.webhook_url, secret=request.webhook_secret)
        elif request.webhook_secret is not None:
            raise InvalidRequest("webhook_secret wants a webhook_url", param="webhook_secret")
        if self.account_url is not None and self.account_url != request.webhook_url:
            yield Target(of="account", url=self.account_url)

    def _check(self, url: str, secret: str | None) -> None:
        try:
            self.policy.check(url)
        except TargetRefused as error:
            raise InvalidRequest(f"webhook_url {error}", param="webhook_url") from error
        if secret is None and not self.has_secret:
            message = "webhook_secret is needed to sign with: this service has none of its own"
            raise InvalidRequest(message, param="webhook_secret")
        try:
            if secret is not None:
                key(secret)
        except ValueError as error:
            raise InvalidRequest(f"webhook_secret {error}", param="webhook_secret") from error
