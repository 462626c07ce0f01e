"""Long text by pieces: every line of it can be reached, and no more is read than is shown."""

from collections.abc import AsyncIterator

import pytest

from workspace_server.core.access import Caller
from workspace_server.errors import InvalidArgument
from workspace_server.services.engine import Engine
from workspace_server.services.files import pieces
from workspace_server.services.files.opened import OpenContent
from workspace_server.services.files.pieces import Piece

pytestmark = pytest.mark.anyio
ANA = Caller(agent="ana")
LINES = 90_000


async def kept(engine: Engine, data: bytes) -> OpenContent:
    async def stream() -> AsyncIterator[bytes]:
        yield data

    await engine.files.upload(ANA, path="long.txt", chunks=stream(), overwrite=True)
    return await engine.files.open_content(ANA, path="long.txt")


async def piece_of(engine: Engine, content: OpenContent, *, line: int = 1, at: int | None = None) -> Piece:
    found = await engine.parts.pieces.piece(content, line=line, at=at)
    assert found is not None
    return found


async def test_pieces_that_follow_each_other_are_the_whole_text(engine: Engine) -> None:
    text = "\ufeff" + "".join(f"Zeile {number} ü\n" for number in range(1, LINES + 1)) + "ende"
    content = await kept(engine, text.encode())
    found = [await piece_of(engine, content)]
    while found[-1].next is not None:
        line, at = found[-1].next
        found.append(await piece_of(engine, content, line=line, at=at))

    assert "".join(piece.text for piece in found) == text.removeprefix("\ufeff")
    assert all(piece.text.startswith(f"Zeile {piece.first_line} ") for piece in found)
    assert found[1].place_of(found[1].first_line + 7) == text.encode().index(
        f"Zeile {found[1].first_line + 7} ".encode()
    )
    assert found[0].place_of(2) == text.encode().index(b"Zeile 2 ")


async def test_a_line_is_found_by_its_number_and_the_text_is_passed_over_once(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = await kept(engine, "".join(f"line {number}\n" for number in range(1, LINES + 1)).encode())
    far = await piece_of(engine, content, line=LINES - 1)
    monkeypatch.setattr(pieces, "_places", None)
    near = await piece_of(engine, content, line=2)

    assert far.text == f"line {LINES - 1}\nline {LINES}\n"
    assert (far.lines, near.lines) == (LINES, LINES)
    assert near.text.startswith("line 2\n")
    with pytest.raises(InvalidArgument):
        await engine.parts.pieces.piece(content, line=LINES + 1)


async def test_where_lines_are_is_remembered_of_a_bounded_number_of_texts(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "REMEMBERED_MAX", 1)
    for letter in "ab":
        found = await piece_of(engine, await kept(engine, f"{letter}\n".encode() * LINES), line=2)
        assert found.lines == LINES
    assert len(engine.parts.pieces._known) == 1


async def test_a_line_without_end_goes_on_within_it_at_a_letter(engine: Engine) -> None:
    content = await kept(engine, b"x" + "ü".encode() * 300_000)
    first = await piece_of(engine, content)
    assert first.next is not None
    second = await piece_of(engine, content, line=first.next[0], at=first.next[1])

    assert first.next[0] == 1
    assert first.text + second.text == "x" + "ü" * 300_000


async def test_latin_1_is_read_and_what_is_no_text_is_not(engine: Engine) -> None:
    latin = await piece_of(engine, await kept(engine, "Größe\n".encode("latin-1") * LINES))
    assert latin.text.startswith("Größe\n")
    assert latin.place_of(3) == 12
    for data in (b"a\0b", "ü".encode("utf-16")):
        assert await engine.parts.pieces.piece(await kept(engine, data)) is None
