"""Signatures as in Standard Webhooks 1.0: HMAC-SHA256 over ``id.timestamp.body``, base64, version ``v1``."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64
"""Bytes of a key, as the standard has them."""


def key(secret: str) -> bytes:
    """The key in ``secret``, which is ``whsec_`` and 24 to 64 bytes in base64. Raises ValueError."""
    message = f"must be {PREFIX} followed by {SHORTEST} to {LONGEST} bytes in base64"
    if not secret.startswith(PREFIX):
        raise ValueError(message)
    try:
        raw = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(message) from None
    if not SHORTEST <= len(raw) <= LONGEST:
        raise ValueError(message)
    return raw


def signed(event: str, body: bytes, keys: Sequence[bytes], at_s: int) -> dict[str, str]:
    """The three headers for ``body``, sent at ``at_s`` (Unix seconds). Several keys, as while one takes the
    place of another, give as many signatures; a receiver is content with one that it can check."""
    content = b".".join((event.encode(), str(at_s).encode(), body))
    signatures = [base64.b64encode(hmac.digest(one, content, hashlib.sha256)).decode() for one in keys]
    return {
        "webhook-id": event,
        "webhook-timestamp": str(at_s),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
