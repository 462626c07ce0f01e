"""A form with files, read part by part as it comes in: of a file no more is at hand than came last."""

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from workspace_server.errors import InvalidArgument

FIELD_BYTES_MAX = 16 * 1024
"""Longest field that is no file."""


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form; *filename* is None when it is no file.

    Its bytes are read before the next part is asked for; what is not read by then is passed over.
    """

    name: str
    filename: str | None
    chunks: AsyncIterator[bytes]

    async def text(self) -> str:
        """Return the field as text.

        Raises:
            InvalidArgument: It is too long for a field, or no UTF-8.
        """
        body = bytearray()
        async for chunk in self.chunks:
            body += chunk
            if len(body) > FIELD_BYTES_MAX:
                raise _no_form("a field is too long")
        try:
            return body.decode()
        except UnicodeDecodeError:
            raise _no_form("a field is not UTF-8") from None


@dataclass(slots=True)
class _Begun:
    """What is known of a part while its headers come in."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    name: bytes = b""
    value: bytes = b""


class Multipart:
    """The parts of one request's body.

    Raises:
        InvalidArgument: The body is no form with files.
    """

    def __init__(self, request: Request) -> None:
        kind, options = parse_options_header(request.headers.get("content-type", ""))
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise _no_form("it has no parts")
        self._body = request.stream()
        self._begun = _Begun()
        self._came: deque[_Begun | bytes | None] = deque()
        """Headers of a part, its bytes, and None at its end."""
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._add_name,
                "on_header_value": self._add_value,
                "on_header_end": self._end_header,
                "on_headers_finished": lambda: self._came.append(self._begun),
                "on_part_data": lambda data, start, end: self._came.append(data[start:end]),
                "on_part_end": lambda: self._came.append(None),
            },
        )

    async def parts(self) -> AsyncIterator[Part]:
        """Yield one part after the other."""
        while await self._more():
            begun = self._came.popleft()
            assert isinstance(begun, _Begun), "what was left of the part before was passed over"
            chunks = self._chunks()
            yield _part(begun, chunks)
            async for _ in chunks:
                pass

    async def _chunks(self) -> AsyncIterator[bytes]:
        while await self._more():
            chunk = self._came.popleft()
            if chunk is None:
                return
            assert isinstance(chunk, bytes), "a part ends before the next one begins"
            yield chunk
        raise _no_form("it ends within a file")

    async def _more(self) -> bool:
        """Read on until there is something to tell; return whether there is."""
        while not self._came:
            chunk = await anext(self._body, b"")
            if not chunk:
                return False
            try:
                self._parser.write(chunk)
            except FormParserError:
                raise _no_form("it is broken") from None
        return True

    def _begin(self) -> None:
        self._begun = _Begun()

    def _add_name(self, data: bytes, start: int, end: int) -> None:
        self._begun.name += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._begun.value += data[start:end]

    def _end_header(self) -> None:
        begun = self._begun
        begun.headers[begun.name.lower()] = begun.value
        begun.name = begun.value = b""


def _part(begun: _Begun, chunks: AsyncIterator[bytes]) -> Part:
    _, options = parse_options_header(begun.headers.get(b"content-disposition", b""))
    try:
        name, filename = options.get(b"name", b"").decode(), options.get(b"filename")
        return Part(name, None if filename is None else filename.decode(), chunks)
    except UnicodeDecodeError:
        raise _no_form("a name is not UTF-8") from None


def _no_form(reason: str) -> InvalidArgument:
    return InvalidArgument(
        f"That is not a form with files: {reason}.",
        hint="Send the form of a page again.",
        argument="form",
        reason=reason,
    )
