"""One request, read once: the caller, the values in its path, its query, its body and its preconditions.

Everything that can be wrong with a request is refused here or in a service, by code.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request

from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.errors import InvalidArgument, TooLarge
from workspace_server.interfaces.http.errors import refuse_arguments
from workspace_server.services.engine import Engine

if TYPE_CHECKING:
    from workspace_server.interfaces.http.events import Followers

QUERY_FIELDS_MAX = 100
_ETAG = re.compile(r'"?(\d{1,15})"?')


class Query(BaseModel):
    """Arguments in the query string: unknown ones are refused, numbers are read from text."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Body(BaseModel):
    """Arguments in a JSON body: unknown ones are refused, and nothing is taken for something else."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preconditions:
    """What the headers say about a change.

    Attributes:
        expect_version: From `If-Match: "7"`, or 0 from `If-None-Match: *`.
        lock: From `X-Lock`: one handle, or several with commas between.
        message: From `X-Message`, as UTF-8.
    """

    expect_version: int | None
    lock: str | list[str] | None
    message: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What an operation gets to work with.

    Attributes:
        values: What stands for the names in the operation's path, decoded.
        followers: The open event streams of this server.
    """

    request: Request
    caller: Caller
    engine: Engine
    values: Mapping[str, str]
    followers: "Followers"

    @property
    def path(self) -> str:
        """The file's path, as it was given."""
        return self.values["path"]

    def preconditions(self) -> Preconditions:
        """Return what the headers say about the change.

        Raises:
            InvalidArgument: A header says nothing that this server understands.
        """
        headers = self.request.headers
        expect = _expected(headers.get("if-match"), headers.get("if-none-match"))
        handles = [part.strip() for part in headers.get("x-lock", "").split(",") if part.strip()]
        lock = handles[0] if len(handles) == 1 else handles or None
        return Preconditions(expect_version=expect, lock=lock, message=_utf8_header(headers.get("x-message")))


def read_query(request: Request, model: type[Model]) -> Model:
    """Return the query string as *model*.

    Raises:
        InvalidArgument: It is not well-formed, or not what the operation takes.
    """
    try:
        raw = request.scope["query_string"].decode("ascii")
        pairs = parse_qsl(raw, keep_blank_values=True, errors="strict", max_num_fields=QUERY_FIELDS_MAX)
    except ValueError:
        raise InvalidArgument(
            "The query string is not percent-encoded UTF-8.",
            hint="Encode each value by itself.",
            argument="query",
            reason="not UTF-8, or too long",
        ) from None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    try:
        return model.model_validate({name: values[0] if len(values) == 1 else values for name, values in found.items()})
    except ValidationError as error:
        raise refuse_arguments(error) from None


async def read_body(request: Request, model: type[Model]) -> Model:
    """Return the JSON body as *model*; no body is an empty object.

    Raises:
        InvalidArgument: It is not JSON, or not what the operation takes.
        TooLarge: It is larger than a request may be.
    """
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > LIMITS.request_bytes_max:
            raise TooLarge(
                "The body is too large.",
                hint="PUT /api/v1/files/{path} takes content of any allowed size.",
                limit=LIMITS.request_bytes_max,
                actual=len(content),
            )
    try:
        return model.model_validate_json(bytes(content) or b"{}")
    except ValidationError as error:
        raise refuse_arguments(error) from None


def _expected(if_match: str | None, if_none_match: str | None) -> int | None:
    if if_none_match is not None:
        if if_none_match.strip() != "*" or if_match is not None:
            raise _header("If-None-Match", "a change takes only *, and not together with If-Match")
        return 0
    if if_match is None:
        return None
    etag = _ETAG.fullmatch(if_match.strip())
    if etag is None:
        raise _header("If-Match", 'it must be one version, as in "7"')
    return int(etag[1])


def _utf8_header(value: str | None) -> str | None:
    if value is None:
        return None
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        raise _header("X-Message", "it is not UTF-8") from None


def _header(name: str, reason: str) -> InvalidArgument:
    return InvalidArgument(
        f"{name}: {reason}.", hint="Take the version from an ETag or a listing.", argument=name, reason=reason
    )
