"""Data URLs (RFC 2397) of pictures."""

import base64
import io
import re
from typing import BinaryIO

from services.contract.errors import InvalidRequest

_HEAD = re.compile(r"data:(image/[a-z0-9.+-]+);base64,", re.IGNORECASE)


def decode_data_url(url: str, param: str) -> tuple[BinaryIO, str]:
    """Bytes and declared MIME type of a base64 data URL. Raises InvalidRequest naming ``param``."""
    if url[:5].lower() != "data:":
        message = "only data URLs (data:image/png;base64,...) and files (multipart/form-data) are taken"
        raise InvalidRequest(message, param=param, code="unsupported_url")
    head = _HEAD.match(url)
    if head is None:
        raise InvalidRequest("the data URL must be data:image/<type>;base64,<data>", param=param)
    try:
        data = base64.b64decode(url[head.end() :], validate=True)
    except ValueError as error:
        raise InvalidRequest("the data URL is not valid base64", param=param) from error
    return io.BytesIO(data), head[1].lower()
