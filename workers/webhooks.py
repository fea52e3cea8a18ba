"""Tells receivers of final jobs, beside the film that is being made."""

import random
import threading
import time
from collections.abc import Sequence

import redis
import structlog

from services.contract.errors import LedgerUnavailable, ReceiverUnavailable, TargetRefused
from services.contract.job import Told
from services.jobs.outbox import Delivery, Outbox
from services.settings import WebhookSettings
from services.webhooks.configured import check_account, read_policy
from services.webhooks.schedule import MAX_TRIES, pause_s
from services.webhooks.sender import Sender, trust
from services.webhooks.signing import key, signed

EVERY_S = 0.5
AT_ONCE = 8
PATIENCE_S = 3.0
"""How long tries under way are waited for at the end. What they leave open another worker tries again."""

log = structlog.get_logger(__name__)


class Courier:
    """Takes what is due from ``outbox`` and sends it, up to ``AT_ONCE`` together; nothing before ``start``.

    ``secrets`` are the account's, newest first. Any number of couriers may work on one outbox. One that dies
    between a receiver's answer and the note of it is the reason why an event may come twice, with one id.
    """

    def __init__(self, outbox: Outbox, sender: Sender, secrets: Sequence[str]) -> None:
        self._outbox, self._sender = outbox, sender
        self._keys = [key(secret) for secret in secrets]
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._stop, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        """Begin. Once only."""
        self._thread.start()

    def stop(self) -> None:
        """Take nothing more, and give tries under way a moment to end. Does nothing before ``start``."""
        self._stop.set()
        self._wake.set()
        if not self._thread.is_alive():
            return
        self._thread.join()
        deadline = time.monotonic() + PATIENCE_S
        for _ in range(AT_ONCE):
            self._slots.acquire(timeout=max(0.0, deadline - time.monotonic()))

    def deliver(self, delivery: Delivery) -> None:
        """One try. Raises LedgerUnavailable where its end cannot be written down: it is then made again."""
        if delivery.tries > MAX_TRIES:
            return self._failed(delivery, "the worker was lost in the last try")
        keys = [key(delivery.secret)] if delivery.secret else self._keys
        if not keys:
            return self._failed(delivery, "MOVIOLA_WEBHOOK_SECRET is not set: nothing to sign with")
        headers = signed(delivery.event, delivery.body, keys, int(time.time()))
        try:
            status = self._sender.post(delivery.url, headers, delivery.body)
        except (TargetRefused, ReceiverUnavailable) as error:
            return self._failed(delivery, str(error))
        if 200 <= status < 300:
            return self._ended(delivery, Told.DELIVERED)
        if status == 410:
            return self._ended(delivery, Told.GONE)
        return self._failed(delivery, f"it answered {status}")

    def _ended(self, delivery: Delivery, told: Told) -> None:
        self._outbox.end(delivery, told)
        log.info("webhook_ended", **_about(delivery), outcome=told.value)

    def _failed(self, delivery: Delivery, error: str) -> None:
        pause = pause_s(delivery.tries, random.random())
        if pause is None:
            self._outbox.end(delivery, Told.GIVEN_UP, error)
            log.error("webhook_given_up", **_about(delivery), error=error)
        else:
            self._outbox.retry(delivery, pause, error)
            log.warning("webhook_failed", **_about(delivery), error=error, again_s=round(pause))

    def _run(self) -> None:
        while not self._stop.is_set():
            if not self._slots.acquire(timeout=EVERY_S):
                continue
            self._wake.clear()
            delivery = self._take()
            if delivery is None:
                self._slots.release()
                self._wake.wait(EVERY_S)
            else:
                threading.Thread(target=self._try, args=(delivery,), name="webhook", daemon=True).start()

    def _take(self) -> Delivery | None:
        try:
            return self._outbox.take()
        except LedgerUnavailable as error:
            log.warning("webhooks_put_off", error=str(error))
            return None

    def _try(self, delivery: Delivery) -> None:
        try:
            self.deliver(delivery)
        except LedgerUnavailable as error:
            log.warning("webhook_left_to_its_lease", **_about(delivery), error=str(error))
        finally:
            self._slots.release()
            self._wake.set()  # its lane is free for the next


def courier(client: redis.Redis) -> Courier:
    """A courier as the environment wants it. Raises ConfigurationError."""
    settings = WebhookSettings()
    policy = read_policy(settings.networks, settings.ports)
    check_account(settings.url, settings.secrets, policy)
    return Courier(Outbox(client), Sender(policy, trust()), settings.secrets)


def _about(delivery: Delivery) -> dict[str, str | int]:
    # The URL may hold a receiver's password.
    return {"job_id": delivery.job_id, "delivery": delivery.id, "tries": delivery.tries}
