"""A stretch of a file's text, and where the next one begins: read whole from short text, by pieces from long."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from workspace_server.core.limits import MIB
from workspace_server.interfaces.web.files.forms.look import Look
from workspace_server.services.files.documents import is_named_as_one
from workspace_server.services.files.pieces import Piece

LINES_MAX = 3_000
TEXT_TOKENS = 100_000
"""Up to 400 kB of text on one page; the rest by pages."""
PIECED_BYTES_MIN = 1 * MIB
"""From this size on, no more of a text is read than is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Lines of a text.

    Attributes:
        next: What an address says to go on behind it; None at the end.
        lines: How many lines the whole has, when that is known.
        page_lines: Of a document: the lines on which its pages begin.
        extracted: Whether it is what a document says, and not how it is stored.
    """

    text: str
    first_line: int = 1
    is_begin: bool = True
    next: Mapping[str, int] | None = None
    lines: int | None = None
    page_lines: Sequence[int] = ()
    extracted: bool = False
    piece: Piece | None = field(default=None, repr=False)

    def place(self, line: int) -> dict[str, int]:
        """Return what an address says to begin with a line of this stretch."""
        return {"line": line} if self.piece is None else {"line": line, "at": self.piece.place_of(line)}


async def stretch_of(look: Look, *, lines_max: int = LINES_MAX) -> Stretch:
    """Return the stretch that the address of *look* asks for: by `line`, and `column` or `at` within it.

    Raises:
        NotText, TooLarge: There is no text in it, or none that can be taken apart.
        InvalidArgument: The text ends before.
    """
    content = look.content
    if content.size_bytes >= PIECED_BYTES_MIN and not is_named_as_one(look.path, content.media_type):
        line, at = look.view.number("line") or 1, look.view.number("at")
        piece = await look.view.engine.parts.pieces.piece(content, line=line, at=at)
        if piece is not None:
            return _of_piece(piece, lines_max)
    return await _read(look, lines_max)


async def first_line(look: Look) -> str:
    """Return the first line of a text, or the beginning of it."""
    if look.content.size_bytes >= PIECED_BYTES_MIN:
        piece = await look.view.engine.parts.pieces.piece(look.content)
        if piece is not None:
            return piece.text.partition("\n")[0]
    read = await look.view.engine.files.read_file(
        look.view.caller, path=look.path, version=look.content.version, max_lines=1, format="text"
    )
    return read.text or ""


def _of_piece(piece: Piece, lines_max: int) -> Stretch:
    lines = piece.text.split("\n")
    go_on = piece.next
    if len(lines) - 1 > lines_max or (len(lines) > lines_max and lines[-1]):
        go_on = piece.first_line + lines_max, piece.place_of(piece.first_line + lines_max)
    return Stretch(
        text="".join(f"{line}\n" for line in lines[:lines_max]) if go_on is not piece.next else piece.text,
        first_line=piece.first_line,
        is_begin=piece.first_line == 1 and piece.at <= len("\ufeff".encode()),
        next=None if go_on is None else {"line": go_on[0], "at": go_on[1]},
        lines=piece.lines,
        piece=piece,
    )


async def _read(look: Look, lines_max: int) -> Stretch:
    view = look.view
    read = await view.engine.files.read_file(
        view.caller,
        path=look.path,
        version=look.content.version,
        start_line=view.number("line") or 1,
        start_column=view.number("column") or 1,
        max_lines=lines_max,
        max_tokens=TEXT_TOKENS,
        format="text",
    )
    go_on = None
    if read.header["more"]:
        line, column = read.header["next"]["start_line"], read.header["next"]["start_column"]
        go_on = {"line": line, "column": column} if column > 1 else {"line": line}
    return Stretch(
        text=read.text or "",
        first_line=int(read.header["start_line"]),
        is_begin=read.header["start_line"] == 1 and view.number("column") is None,
        next=go_on,
        lines=read.header["total_lines"],
        page_lines=read.page_lines,
        extracted="extracted" in read.header,
    )
