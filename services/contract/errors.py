"""The one error tree.

MoviolaError
├── RequestError            the client's doing; answered with its HTTP status
│   ├── InvalidRequest      400
│   ├── Unauthorized        401
│   ├── NotFound            404
│   ├── Conflict            409
│   │   └── InFlight        a request with the same key is being handled
│   ├── PayloadTooLarge     413
│   ├── UnsupportedMedia    415
│   ├── Unprocessable       422
│   └── TooManyRequests     429
├── JobError                ends a job as ``failed`` with a code for its owner
│   ├── JobCancelled        code ``cancelled``
│   ├── InputError          code ``invalid_input``: the media that came with the job
│   └── GenerationError     code ``generation_failed``: a network's answer is not usable
├── TargetRefused           a URL, or an address behind it, that is not to be called
├── LeaseLost               another worker has the job, or it is gone: stop, say nothing
├── Unavailable             a part of the stack does not answer now; worth trying again (503)
│   ├── LedgerUnavailable   Redis
│   ├── InferenceUnavailable  Triton
│   ├── StorageUnavailable  the folder or bucket
│   └── ReceiverUnavailable  whoever a webhook is sent to
└── ConfigurationError      settings, a manifest or a graph are wrong: do not start
"""

from typing import ClassVar


class MoviolaError(Exception):
    """Root of every error raised on purpose."""


class RequestError(MoviolaError):
    """A request that is refused. ``param`` names the field at fault, dotted for nested ones."""

    status: ClassVar[int] = 400
    type: ClassVar[str] = "invalid_request_error"
    default_code: ClassVar[str] = "invalid_value"

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code or self.default_code


class InvalidRequest(RequestError):
    """400: a field is missing, of the wrong type or out of its range."""


class Unauthorized(RequestError):
    """401: no key, or one that is not known."""

    status = 401
    type = "authentication_error"
    default_code = "invalid_api_key"


class NotFound(RequestError):
    """404: no such thing, or not yours."""

    status = 404
    default_code = "not_found"


class Conflict(RequestError):
    """409: the thing is not in a state for this."""

    status = 409
    default_code = "conflict"


class InFlight(Conflict):
    """409: the first request with this key is still being handled; ask again after ``retry_after_s``."""

    default_code = "request_in_flight"

    def __init__(self, message: str, *, retry_after_s: int, param: str | None = None) -> None:
        super().__init__(message, param=param)
        self.retry_after_s = retry_after_s


class PayloadTooLarge(RequestError):
    """413: more bytes, pixels or seconds than are taken."""

    status = 413
    default_code = "payload_too_large"


class UnsupportedMedia(RequestError):
    """415: not a kind of body or media that is taken, or not what it says it is."""

    status = 415
    default_code = "unsupported_media_type"


class Unprocessable(RequestError):
    """422: the right kind of media, but it cannot be decoded; or a key that belongs to another payload."""

    status = 422
    default_code = "unprocessable"


class TooManyRequests(RequestError):
    """429: try again after ``retry_after_s``."""

    status = 429
    type = "rate_limit_error"
    default_code = "rate_limit_exceeded"

    def __init__(self, message: str, *, retry_after_s: int, param: str | None = None) -> None:
        super().__init__(message, param=param)
        self.retry_after_s = retry_after_s


class JobError(MoviolaError):
    """Ends a job as ``failed``; ``code`` and message are shown to its owner."""

    code: ClassVar[str] = "internal_error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class JobCancelled(JobError):
    """The owner cancelled the job."""

    code = "cancelled"


class InputError(JobError):
    """The job's media cannot be used."""

    code = "invalid_input"


class GenerationError(JobError):
    """A network answered with something that cannot become a film (shape, NaN)."""

    code = "generation_failed"


class TargetRefused(MoviolaError):
    """A URL is malformed, or it or an address behind its name is not to be called."""


class LeaseLost(MoviolaError):
    """The fencing token is not the current one, or the job is gone."""


class Unavailable(MoviolaError):
    """A part of the stack does not answer; the same call may work later."""


class LedgerUnavailable(Unavailable):
    """Redis does not answer."""


class InferenceUnavailable(Unavailable):
    """Triton does not answer, or the model is not ready."""


class StorageUnavailable(Unavailable):
    """The storage does not take or give bytes."""


class ReceiverUnavailable(Unavailable):
    """A webhook's receiver does not answer."""


class ConfigurationError(MoviolaError):
    """Settings, manifest, graph or machine are not fit to start with."""
