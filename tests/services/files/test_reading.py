"""Reads give the text exactly as stored, part by part, within the budget."""

import base64
import random
from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workspace_server.config import Settings
from workspace_server.core import tokens
from workspace_server.core.access import Caller
from workspace_server.core.clock import ManualClock
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import everywhere
from workspace_server.errors import Forbidden, InvalidArgument, IsDirectory, NotFound, NotText, TooLarge
from workspace_server.services.engine import Engine
from workspace_server.services.files.cuts import cut_text
from workspace_server.services.files.reading import ReadResult

pytestmark = pytest.mark.anyio

ANN = Caller(agent="ann")
BOB = Caller(agent="bob")


async def write(engine: Engine, path: str, content: bytes | str, **given: Any) -> None:
    data = content if isinstance(content, bytes) else content.encode()
    encoded = base64.b64encode(data).decode()
    await engine.files.write_file(ANN, path=path, content=encoded, encoding="base64", overwrite=True, **given)


async def parts_of(engine: Engine, path: str, **given: Any) -> list[ReadResult]:
    found = [await engine.files.read_file(ANN, path=path, **given)]
    while found[-1].header["more"]:
        assert found[-1].text, "each part moves on"
        found.append(await engine.files.read_file(ANN, path=path, **given, **found[-1].header["next"]))
    return found


def size_of(part: ReadResult) -> int:
    assert part.text is not None
    return tokens.of_bytes(tokens.bytes_of(part.header) + len(part.text.encode()))


async def test_a_read_says_what_it_shows_and_shows_it_as_stored(engine: Engine) -> None:
    await write(engine, "a.md", "one\r\ntwo")
    await engine.locks.lock_files(BOB, paths=["a.md"])
    found = await engine.files.read_file(ANN, path="a.md")
    assert found.text == "one\r\ntwo"
    assert found.header == {
        "path": "a.md",
        "version": 1,
        "media_type": "text/markdown",
        "encoding": "utf-8",
        "size_bytes": 8,
        "modified_by": "ann",
        "modified_at": "2027-01-15T08:00:00.000Z",
        "locked_by": "bob",
        "start_line": 1,
        "end_line": 2,
        "total_lines": 2,
        "more": False,
    }


@pytest.mark.parametrize(
    ("text", "lines"), [("", 0), ("\n", 1), ("a", 1), ("a\n", 1), ("a\nb", 2), ("\n\n", 2), ("a\u2028b\x0cc\rd", 1)]
)
async def test_only_a_line_feed_ends_a_line(engine: Engine, text: str, lines: int) -> None:
    await write(engine, "a.txt", text)
    found = await engine.files.read_file(ANN, path="a.txt")
    assert (found.text, found.header["total_lines"], found.header["more"]) == (text, lines, False)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"])
async def test_text_is_read_from_every_encoding_that_is_marked(engine: Engine, encoding: str) -> None:
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    await write(engine, "a.txt", mark + "grün\r\n😀".encode(encoding))
    found = await engine.files.read_file(ANN, path="a.txt")
    assert found.text == "grün\r\n😀"
    assert found.header["encoding"] == encoding.removesuffix("-sig")


async def test_lines_can_be_asked_for(engine: Engine) -> None:
    await write(engine, "a.txt", "1\n2\n3\n4\n")
    found = await engine.files.read_file(ANN, path="a.txt", start_line=2, max_lines=2)
    assert found.text == "2\n3\n"
    assert {key: found.header[key] for key in ("start_line", "end_line", "more", "next")} == {
        "start_line": 2,
        "end_line": 3,
        "more": True,
        "next": {"start_line": 4, "start_column": 1},
    }
    last = await engine.files.read_file(ANN, path="a.txt", start_line=4, max_lines=9)
    assert (last.text, last.header["more"]) == ("4\n", False)


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff"), max_size=400) | st.lists(
    st.sampled_from(["\n", "\r\n", "a" * 90, "é" * 70, "😀" * 40, "\u2028", "# title", ""]), max_size=30
).map("".join)


@given(TEXTS, st.integers(4, 200), st.none() | st.integers(1, 3))
def test_the_parts_of_a_text_put_together_are_the_text(text: str, bytes_max: int, max_lines: int | None) -> None:
    parts = []
    place = {"start_line": 1, "start_column": 1}
    while True:
        cut = cut_text(text, place["start_line"], place["start_column"], max_lines, bytes_max)
        assert len(cut.text.encode()) <= bytes_max
        assert cut.header["start_line"] <= cut.header["end_line"]
        parts.append(cut.text)
        if not cut.header["more"]:
            break
        assert cut.text
        assert max_lines is None or cut.text.count("\n") <= max_lines
        place = cut.header["next"]
    assert "".join(parts) == text


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TEXTS, min_size=1, max_size=3), st.integers(100, 250))
def test_no_answer_is_larger_than_its_budget(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], max_tokens: int
) -> None:
    async def check() -> None:
        async with Engine.open(tmp_path_factory.mktemp("w"), settings=Settings(), clock=ManualClock()) as engine:
            for number, text in enumerate(texts):
                await write(engine, f"{number}.txt", text)
                parts = await parts_of(engine, f"{number}.txt", max_tokens=max_tokens)
                assert "".join(part.text or "" for part in parts) == text
                assert max(map(size_of, parts)) <= max_tokens

    anyio.run(check)


async def test_one_line_of_megabytes_is_read_in_parts(engine: Engine) -> None:
    text = "".join(random.Random(7).choices("aé😀 \r", k=2_000_000))
    await write(engine, "big.txt", text)
    parts = await parts_of(engine, "big.txt", max_tokens=LIMITS.tokens_max)
    assert "".join(part.text or "" for part in parts) == text
    assert {part.header["total_lines"] for part in parts} == {1}
    assert max(map(size_of, parts)) <= LIMITS.tokens_max
    assert len(parts) < 10


async def test_a_budget_below_the_header_is_refused_with_one_that_does(engine: Engine) -> None:
    path = "/".join(["long" * 20] * 8)
    await write(engine, path, "text")
    with pytest.raises(InvalidArgument) as refusal:
        await engine.files.read_file(ANN, path=path, max_tokens=LIMITS.tokens_min)
    needed = int(str(refusal.value.hint).partition("=")[2])
    found = await engine.files.read_file(ANN, path=path, max_tokens=needed)
    assert found.text == "text"
    assert size_of(found) <= needed


@pytest.mark.parametrize(
    "given",
    [
        {"start_line": 0},
        {"start_line": 3},
        {"start_column": 0},
        {"start_column": 5},
        {"max_lines": 0},
        {"max_tokens": 1},
        {"max_tokens": LIMITS.tokens_max + 1},
    ],
)
async def test_a_place_beyond_the_text_is_refused(engine: Engine, given: dict[str, Any]) -> None:
    await write(engine, "a.txt", "one\ntwo\n")
    with pytest.raises(InvalidArgument):
        await engine.files.read_file(ANN, path="a.txt", **given)


async def test_bytes_images_and_links_have_their_own_forms(engine: Engine) -> None:
    await write(engine, "x.bin", b"\xff\0\x01")
    await write(engine, "p.png", b"\x89PNG")
    await write(engine, "a.md", "text")
    binary = await engine.files.read_file(ANN, path="x.bin")
    assert (binary.text, binary.data, binary.url) == (None, None, engine.folder.bytes_url("x.bin"))
    assert binary.header["encoding"] == "binary"
    assert (await engine.files.read_file(ANN, path="x.bin", format="base64")).data == b"\xff\0\x01"
    assert (await engine.files.read_file(ANN, path="p.png")).data == b"\x89PNG"
    assert (await engine.files.read_file(ANN, path="a.md", format="link")).url == engine.folder.bytes_url("a.md")
    with pytest.raises(NotText):
        await engine.files.read_file(ANN, path="x.bin", format="text")


async def test_what_is_too_large_for_an_answer_is_linked_or_refused(engine: Engine) -> None:
    async def zeros(count: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield b"0" * 1_048_576

    await engine.files.upload(ANN, path="big.txt", chunks=zeros(65))
    assert (await engine.files.read_file(ANN, path="big.txt")).url == engine.folder.bytes_url("big.txt")
    for form in ("text", "base64"):
        with pytest.raises(TooLarge) as refusal:
            await engine.files.read_file(ANN, path="big.txt", format=form)
        assert refusal.value.facts["actual"] == 65 * 1_048_576


async def test_every_version_stays_readable(engine: Engine) -> None:
    for number in range(1, 4):
        await write(engine, "a.md", f"{number}")
    await engine.files.delete_file(ANN, path="a.md")
    for number in range(1, 4):
        found = await engine.files.read_file(ANN, path="a.md", version=number)
        assert (found.text, found.header["version"]) == (str(number), number)
    for number in (0, -1, 4, 10**30):
        with pytest.raises(NotFound):
            await engine.files.read_file(ANN, path="a.md", version=number)


async def test_a_directory_is_not_read(engine: Engine) -> None:
    await write(engine, "d/a.md", "x")
    for call in (
        engine.files.read_file(ANN, path="d"),
        engine.files.open_content(ANN, path="d"),
        engine.files.file_history(ANN, path="d"),
    ):
        with pytest.raises(IsDirectory):
            await call
    assert await engine.files.stat(ANN, path="d") == {"path": "d", "type": "directory"}


async def test_what_is_not_there_is_not_found_and_what_may_not_be_read_is_forbidden(engine: Engine) -> None:
    stranger = Caller(agent="x", scope=everywhere("write"))
    for caller, refusal in ((ANN, NotFound), (stranger, Forbidden)):
        for call in (
            engine.files.read_file(caller, path="a.md"),
            engine.files.open_content(caller, path="a.md"),
            engine.files.file_history(caller, path="a.md"),
            engine.files.diff(caller, path="a.md", before=1, after=2),
            engine.files.stat(caller, path="a.md"),
        ):
            with pytest.raises(refusal):
                await call


async def test_content_streams_from_any_byte_to_any_other(engine: Engine) -> None:
    for path, size in (("small.bin", 5_000), ("large.bin", 300_000)):
        data = random.Random(1).randbytes(size)
        await write(engine, path, data)
        found = await engine.files.open_content(ANN, path=path)
        assert (found.size_bytes, found.version, found.modified_by) == (size, 1, "ann")
        for start, end in ((0, None), (10, 4_000), (4_999, 5_000)):
            assert b"".join([chunk async for chunk in found.chunks(start, end)]) == data[start:end]
        assert await found.read() == data


async def test_a_history_goes_back_page_by_page(engine: Engine) -> None:
    for number in range(1, 6):
        await write(engine, "a.md", f"{number}")
    await engine.files.delete_file(BOB, path="a.md", message="away")
    await write(engine, "a.md", "6", message="again")
    first = await engine.files.file_history(ANN, path="a.md", limit=2)
    assert [(row["op"], row["version"], row["by"]) for row in first["versions"]] == [
        ("write", 6, "ann"),
        ("delete", 5, "bob"),
        ("write", 5, "ann"),
    ]
    assert set(first["versions"][0]) == {
        "version",
        "seq",
        "at",
        "by",
        "op",
        "size_bytes",
        "sha256",
        "message",
        "sources",
    }
    rest = await engine.files.file_history(ANN, path="a.md", before_version=5)
    assert [row["version"] for row in rest["versions"]] == [4, 3, 2, 1]
    seqs = [row["seq"] for row in first["versions"] + rest["versions"]]
    assert seqs == sorted(seqs, reverse=True)


async def test_any_two_versions_can_be_compared(engine: Engine) -> None:
    for content in ("one\n", "two\n", "\0"):
        await write(engine, "a.bin", content)
    found = await engine.files.file_history(ANN, path="a.bin", diff=[2, 1])
    assert found["diff"] == "--- a.bin@2\n+++ a.bin@1\n@@ -1 +1 @@\n-two\n+one\n"
    with pytest.raises(NotText):
        await engine.files.diff(ANN, path="a.bin", before=1, after=3)
    with pytest.raises(NotFound):
        await engine.files.diff(ANN, path="a.bin", before=1, after=9)
    for wrong in ({"diff": [1]}, {"limit": 0}, {"before_version": 0}):
        with pytest.raises(InvalidArgument):
            await engine.files.file_history(ANN, path="a.bin", **wrong)
