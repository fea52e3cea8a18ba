"""What the OpenAPI document says beyond what signatures tell."""

from typing import Any

from gateway.forms import ENCODINGS
from gateway.schemas import ErrorReply
from services.contract.spec import VideoRequest

Responses = dict[int | str, dict[str, Any]]

_MEANINGS = {
    400: "A field is missing, unknown, of the wrong type or out of its range",
    404: "No such thing, or it has no content",
    409: "Not in a state for this, or a request with the same key is being handled",
    413: "More bytes or pixels than are taken",
    415: "Not a kind of body or media that is taken, or not what it says it is",
    416: "The range is malformed or outside of the object",
    422: "The media cannot be decoded, or the key belongs to another request",
    429: "The queue is full, for all or for you; Retry-After says when to try again",
    503: "A part of the service does not answer; Retry-After says when to try again",
}


def errors(*statuses: int) -> Responses:
    """Declared error answers of a route, all of one shape."""
    meanings: dict[int | str, str] = {"default": "Any other failure"}
    meanings.update({status: _MEANINGS[status] for status in statuses})
    return {status: {"model": ErrorReply, "description": text} for status, text in meanings.items()}


def _create_schema(reference: dict[str, Any]) -> dict[str, Any]:
    schema = VideoRequest.model_json_schema()
    schema["properties"]["input_reference"] = reference
    return schema


_BY_URL = {
    "type": "object",
    "additionalProperties": False,
    "required": ["image_url"],
    "properties": {"image_url": {"type": "string", "pattern": "^data:image/[a-z0-9.+-]+;base64,"}},
    "description": "First frame: PNG, JPEG or WebP",
}
_BY_FILE = {"type": "string", "format": "binary", "description": "First frame: PNG, JPEG or WebP"}
_REFERENCES: dict[str, dict[str, Any]] = dict(zip(ENCODINGS, (_BY_URL, _BY_FILE, _BY_URL), strict=True))

CREATE_ANSWERS: Responses = {
    200: {
        "headers": {
            "Idempotent-Replayed": {
                "description": "true where an earlier request made the video",
                "schema": {"type": "string", "enum": ["true"]},
            }
        }
    },
    **errors(400, 404, 409, 413, 415, 422, 429, 503),
}
CREATE_BODY: dict[str, Any] = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "Makes repeating the request safe for 24 hours",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
        }
    ],
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": _create_schema(reference)} for kind, reference in _REFERENCES.items()},
    },
}
