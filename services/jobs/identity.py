"""A name that the ledger keeps, by which a storage knows whose it is."""

import uuid

import redis

from services.jobs.scripts import PREFIX, answering

_KEY = f"{PREFIX}identity"


class Identity:
    """The name of the ledger on ``client``. A Redis that lost its data has none. Raises LedgerUnavailable."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def known(self) -> str | None:
        """The name, if there is one."""
        with answering():
            name = self._client.get(_KEY)
        return name.decode() if isinstance(name, bytes) else None

    def made(self) -> str:
        """The name, made now if there is none. All who ask at once get the same."""
        with answering():
            self._client.set(_KEY, uuid.uuid4().hex, nx=True)
        name = self.known()
        assert name is not None
        return name
