"""Long text by pieces: what is shown of it is read, and nothing else.

A piece goes on from a byte that the one before it named. To find a line by its number, the text is passed over once,
stride by stride; where its lines are is remembered for the content, so that the next jump reads one stride.
"""

import asyncio
import codecs
from collections import OrderedDict
from dataclasses import dataclass

import anyio

from workspace_server.core.limits import KIB
from workspace_server.core.line_places import STRIDE_BYTES, LinePlaces, begin_of_line
from workspace_server.core.media import LATIN_1, begins_as_text
from workspace_server.services.arguments import refused
from workspace_server.services.files.opened import OpenContent

PIECE_BYTES = 384 * KIB
"""What one piece holds at most."""
HEAD_BYTES = 64 * KIB
"""What is looked at to tell whether a long file is text."""
REMEMBERED_MAX = 64
"""Contents of which it is remembered where their lines are; those of a gigabyte take 130 KiB."""
_MARK = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a long text.

    Attributes:
        first_line: The number of the line with which, or within which, it begins.
        at: The byte with which `text` begins.
        next: (line, byte) with which the text goes on; None at its end.
        lines: How many lines the whole has, when that is known.
    """

    text: str
    encoding: str
    first_line: int
    at: int
    next: tuple[int, int] | None
    lines: int | None

    def place_of(self, line: int) -> int:
        """Return the byte with which a line of this piece begins."""
        passed = self.text.split("\n")[: line - self.first_line]
        return self.at + sum(len(one.encode(self.encoding)) + 1 for one in passed)


class Pieces:
    """Reads long text; one for all contents, for it remembers where their lines are."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, LinePlaces] = OrderedDict()
        self._looking = anyio.Lock()

    async def piece(self, content: OpenContent, *, line: int = 1, at: int | None = None) -> Piece | None:
        """Return the piece that begins with a line; None for what is no text, or one of two bytes a letter.

        Args:
            at: The byte with which the line begins, or goes on, when that is known.

        Raises:
            InvalidArgument: The text ends before.
        """
        if not begins_as_text(await _part(content, 0, HEAD_BYTES)):
            return None
        start = await self._begin(content, line) if at is None else min(at, content.size_bytes)
        data = await _part(content, start, start + PIECE_BYTES)
        is_last = start + len(data) >= content.size_bytes
        if not is_last:
            data = data[: data.rfind(b"\n") + 1] or data
        text, encoding, taken = await asyncio.to_thread(_decoded, data, is_last=is_last)
        mark = _MARK if start == 0 and text.startswith(_MARK) else ""
        known = self._known.get(content.sha256)
        return Piece(
            text=text.removeprefix(mark),
            encoding=encoding,
            first_line=line,
            at=start + len(mark.encode()),
            next=None if is_last else (line + text.count("\n"), start + taken),
            lines=None if known is None else known.lines,
        )

    async def _begin(self, content: OpenContent, line: int) -> int:
        """Return the byte with which a line begins."""
        if line == 1:
            return 0
        async with self._looking:
            places = self._known.get(content.sha256) or await _places(content)
            self._known[content.sha256] = places
            self._known.move_to_end(content.sha256)
            if len(self._known) > REMEMBERED_MAX:
                self._known.popitem(last=False)
        if line > places.lines:
            raise refused("line", f"the file has {places.lines} lines", f"line=1 to {places.lines}")
        stride, ends = places.stride_of(line)
        start = stride * STRIDE_BYTES
        return start + begin_of_line(await _part(content, start, start + STRIDE_BYTES), ends)


async def _places(content: OpenContent) -> LinePlaces:
    places, held = LinePlaces(), bytearray()
    async for chunk in content.chunks():
        held += chunk
        while len(held) >= STRIDE_BYTES:
            places.pass_over(bytes(held[:STRIDE_BYTES]))
            del held[:STRIDE_BYTES]
    if held:
        places.pass_over(bytes(held))
    return places


async def _part(content: OpenContent, start: int, end: int) -> bytes:
    return b"".join([chunk async for chunk in content.chunks(start, min(end, content.size_bytes))])


def _decoded(data: bytes, *, is_last: bool) -> tuple[str, str, int]:
    """Return the text, its encoding, and how many bytes it takes: a letter that is cut at the end is left."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        text = decoder.decode(data, final=is_last)
    except UnicodeDecodeError:
        return data.decode(LATIN_1), LATIN_1, len(data)
    return text, "utf-8", len(data) - len(decoder.getstate()[0])
