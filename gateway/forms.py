"""The body of a create request, in whichever of three encodings, as an ``Order``."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from gateway.brackets import unflatten
from gateway.data_url import decode_data_url
from gateway.validation import first_problem
from services.contract.errors import InvalidRequest, UnsupportedMedia
from services.contract.spec import VideoRequest

MAX_FIELDS = 100
MAX_FILES = 4
MAX_FIELD_BYTES = 32 * 2**20
MAX_JSON_MARKS = 200_000
UNTOLD_TYPES = ("", "application/octet-stream")

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
ENCODINGS = (_JSON, _MULTIPART, _FORM)


@dataclass(frozen=True)
class Upload:
    """Media that came with a request. ``declared_type`` is None where the client did not say."""

    file: BinaryIO
    declared_type: str | None
    param: str


@dataclass(frozen=True)
class Order:
    """What a client asked for: fields and, perhaps, a first frame."""

    request: VideoRequest
    reference: Upload | None = None


async def read_order(request: Request) -> AsyncIterator[Order]:
    """Dependency: the order in the body of ``request``; its files are closed after the answer.

    Fields that are null count as not sent. Raises InvalidRequest naming the field, UnsupportedMedia for a
    body in another encoding.
    """
    async with AsyncExitStack() as files:
        fields = await _read_fields(request, files)
        upload = await run_in_threadpool(_reference, fields.pop("input_reference", None))
        yield Order(_validate(fields), upload)


async def _read_fields(request: Request, files: AsyncExitStack) -> dict[str, object]:
    encoding = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if encoding == _JSON:
        return await run_in_threadpool(_parse_json, await request.body())
    if encoding == _FORM:
        return unflatten(_parse_query(await request.body()))
    if encoding == _MULTIPART:
        form = await _parse_multipart(request)
        files.push_async_callback(form.close)
        return unflatten(form.multi_items())
    raise UnsupportedMedia(f"the body must be one of {', '.join(ENCODINGS)}", param="content-type")


def _parse_json(body: bytes) -> dict[str, object]:
    # A long picture is one value; many small values would take thirty times their bytes in memory.
    if sum(map(body.count, (b"[", b"{", b","))) > MAX_JSON_MARKS:
        raise InvalidRequest("the body has too many values", code="invalid_json")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("the body is not valid JSON", code="invalid_json") from error
    if not isinstance(value, dict):
        raise InvalidRequest("the body must be a JSON object", code="invalid_json")
    return {name: field for name, field in value.items() if field is not None}


def _parse_query(body: bytes) -> list[tuple[str, str]]:
    try:
        text = body.decode()
        return parse_qsl(
            text,
            keep_blank_values=True,
            strict_parsing=bool(text),
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError as error:
        raise InvalidRequest("the body is not a valid form", code="invalid_form") from error


async def _parse_multipart(request: Request) -> FormData:
    try:
        return await _Multipart(request).parse()
    except MultiPartException as error:
        raise InvalidRequest(f"the body is not a valid form: {error.message}", code="invalid_form") from error


class _Multipart(MultiPartParser):
    """Refuses a form without its last boundary, whose unfinished part Starlette drops without a word."""

    def __init__(self, request: Request) -> None:
        limits = {"max_files": MAX_FILES, "max_fields": MAX_FIELDS, "max_part_size": MAX_FIELD_BYTES}
        super().__init__(request.headers, self._chunks(request), **limits)
        self._has_ended = False

    def on_end(self) -> None:
        """The last boundary was met."""
        self._has_ended = True

    async def _chunks(self, request: Request) -> AsyncGenerator[bytes, None]:
        async for chunk in request.stream():
            yield chunk
        if not self._has_ended:
            raise MultiPartException("its last boundary is missing")


def _reference(value: object) -> Upload | None:
    """The media in field ``input_reference``: an uploaded file, or an object with a data URL."""
    match value:
        case None:
            return None
        case UploadFile():
            kind = (value.content_type or "").partition(";")[0].strip().lower()
            return Upload(value.file, None if kind in UNTOLD_TYPES else kind, "input_reference")
        case {"image_url": str(url), **others} if not others:
            return Upload(*decode_data_url(url, "input_reference.image_url"), "input_reference.image_url")
        case {"file_id": _}:
            param = "input_reference.file_id"
            raise InvalidRequest("files are not kept here: send the picture itself", param=param)
        case dict() if unknown := sorted(set(value) - {"image_url"}):
            param = f"input_reference.{unknown[0]}"
            raise InvalidRequest(f"{param}: is not a known field", param=param, code="unknown_parameter")
    message = "input_reference must be a file or an object with image_url"
    raise InvalidRequest(message, param="input_reference")


def _validate(fields: dict[str, object]) -> VideoRequest:
    try:
        return VideoRequest.model_validate(fields)
    except ValidationError as error:
        problem = first_problem(error.errors())
        raise InvalidRequest(problem.message, param=problem.param, code=problem.code) from error
