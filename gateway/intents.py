"""What a request says of whether it came before: its key, its number among retries, its payload."""

import hashlib
import json
import re
from typing import Annotated

from fastapi import Depends, Request

from gateway.auth import Tenant
from gateway.forms import Order, Upload, read_order
from services.contract.errors import InvalidRequest
from services.jobs.intents import PARAM, Intent

MAX_RETRY = 100
BLOCK_BYTES = 2**20

_PRINTABLE = re.compile(r"[\x20-\x7e]{1,255}")
_CLIENT = re.compile(r"user-agent|x-stainless-(lang|package-version|os|arch|runtime|runtime-version|async)")


def intent(request: Request, order: Annotated[Order, Depends(read_order)], tenant: Tenant) -> Intent:
    """Dependency: the intent of a request that makes something. Raises InvalidRequest for a key that is not
    of 1 to 255 printable ASCII characters, or given twice."""
    return Intent(
        tenant=tenant,
        payload=fingerprint(f"{request.method} {request.url.path}", order),
        key=_key(request.headers.getlist("idempotency-key")),
        retry=_retry(request.headers.get("x-stainless-retry-count", "")),
        client="\n".join(sorted(f"{n}: {v}" for n, v in request.headers.items() if _CLIENT.fullmatch(n))),
    )


IntentDep = Annotated[Intent, Depends(intent)]


def fingerprint(operation: str, order: Order) -> str:
    """SHA-256 of all that was asked for: what to do, the fields that were sent (however they were encoded),
    and the bytes of the media. Fields at their defaults count as not sent: a later version may have more."""
    digest = hashlib.sha256()
    fields = order.request.model_dump(exclude_defaults=True)
    digest.update(f"{operation}\n{json.dumps(fields, sort_keys=True)}\n".encode())
    if order.reference is not None:
        digest.update(_media(order.reference))
    return digest.hexdigest()


def _media(upload: Upload) -> bytes:
    digest = hashlib.sha256(f"{upload.declared_type}\n".encode())
    upload.file.seek(0)
    while block := upload.file.read(BLOCK_BYTES):
        digest.update(block)
    upload.file.seek(0)
    return digest.digest()


def _key(given: list[str]) -> str | None:
    if not given:
        return None
    if len(given) > 1 or _PRINTABLE.fullmatch(given[0]) is None:
        message = "Idempotency-Key must be given once and have 1 to 255 printable ASCII characters"
        raise InvalidRequest(message, param=PARAM)
    return given[0]


def _retry(given: str) -> int | None:
    """A number that is not one is nothing to rely on."""
    return min(int(given), MAX_RETRY) if given.isascii() and given.isdigit() and len(given) < 9 else None
