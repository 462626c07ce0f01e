"""Content and folders as they come: whatever the bytes, they stay what they are, and what cannot be taken is told."""

import asyncio
import base64
import codecs
import json
import os
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.doors import DOORS, Agent, entered
from tests.processes import Serving, run, serving
from workspace_server.core.limits import LIMITS

MIB = 1024 * 1024
HTTP, STDIO = DOORS[0], DOORS[3]
BOTH = pytest.mark.parametrize("door", [HTTP, STDIO])

pytestmark = [pytest.mark.anyio, pytest.mark.blocking]


def put(server: Serving, path: str, data: bytes) -> None:
    """Save bytes as programs do."""
    request = Request(f"{server.url}/api/v1/files/{path}?overwrite=true", data, method="PUT")
    with urlopen(request, timeout=60) as answer:
        assert answer.status in {200, 201}


def stored(server: Serving, path: str) -> bytes:
    """Return the bytes of a file as they stand in the folder, which are also those that the server gives."""
    with urlopen(f"{server.url}/api/v1/files/{path}", timeout=60) as answer:
        given: bytes = answer.read()
    assert given == (server.folder / path).read_bytes()
    return given


async def read_in_parts(agent: Agent, path: str, **more: Any) -> tuple[str, int]:
    """Read a file by the header's `next` until nothing is left; return its text and how many calls it took."""
    parts: list[str] = []
    place: dict[str, int] = {}
    while True:
        header, text = await agent.read(path, **more | place)
        assert text or not header["more"]
        parts.append(text)
        if not header["more"]:
            return "".join(parts), len(parts)
        place = header["next"]


@BOTH
async def test_binary_is_no_text_and_stays_what_it_is(server: Serving, door: str, room: str) -> None:
    path, data = f"{room}/data.bin", bytes(range(256)) * 8
    async with entered(door, server, "alice") as agent:
        await agent.done("write_file", path=path, content=base64.b64encode(data).decode(), encoding="base64")
        for tool, arguments in (
            ("read_file", {"format": "text"}),
            ("edit_file", {"edits": [{"old_text": "a", "new_text": "b"}]}),
            ("edit_file", {"edits": [{"old_text": "a", "new_text": "b"}], "dry_run": True}),
        ):
            told = await agent.refused(tool, path=path, **arguments)
            assert (told["code"], told["path"]) == ("not_text", path)
            assert "base64" in told["hint"]
        told = await agent.refused("file_history", path=path, diff=[1, 1])
        assert told["code"] == "not_text"
        told = await agent.refused("write_file", path=path, content="not base64!", encoding="base64", overwrite=True)
        assert (told["code"], told["argument"]) == ("invalid_argument", "content")
        _, encoded = await agent.read(path, format="base64")
        assert base64.b64decode(encoded) == data == stored(server, path)
        described = await agent.done("describe_file", path=path)
        assert (described["size_bytes"], described["facts"]) == (len(data), [])


TEXTS = {
    "crlf.txt": (b"one\r\ntwo\r\n", "one\r\ntwo\r\n", "utf-8"),
    "mixed.txt": (b"one\r\ntwo\nthree", "one\r\ntwo\nthree", "utf-8"),
    "old-mac.txt": (b"one\rtwo\r", "one\rtwo\r", "utf-8"),
    "no-end.txt": (b"one\ntwo", "one\ntwo", "utf-8"),
    "marked.txt": (codecs.BOM_UTF8 + b"one\ntwo\n", "one\ntwo\n", "utf-8"),
    "little.txt": (codecs.BOM_UTF16_LE + "one ü\r\ntwo".encode("utf-16-le"), "one ü\r\ntwo", "utf-16-le"),
    "big.txt": (codecs.BOM_UTF16_BE + "one ü\ntwo\n".encode("utf-16-be"), "one ü\ntwo\n", "utf-16-be"),
    "feeds.txt": ("one\x0b\x0c\x85\u2028two".encode(), "one\x0b\x0c\x85\u2028two", "utf-8"),
}


@BOTH
async def test_a_text_keeps_its_encoding_its_mark_and_its_line_ends(server: Serving, door: str, room: str) -> None:
    async with entered(door, server, "alice") as agent:
        for name, (data, text, encoding) in TEXTS.items():
            path = f"{room}/{name}"
            put(server, path, data)
            header, seen = await agent.read(path)
            assert (seen, header["encoding"], header["more"]) == (text, encoding, False), name
            await agent.done("edit_file", path=path, edits=[{"old_text": "two", "new_text": "2\nü"}])
            mark = next(
                (mark for mark in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) if data.startswith(mark)),
                b"",
            )
            ends = "\r\n" if text.count("\r\n") == text.count("\n") > 0 else "\n"
            assert stored(server, path) == mark + text.replace("two", f"2{ends}ü").encode(encoding), name
            found = await agent.done("search", query="one", mode="exact", path=path)
            assert found["total_matches"] == 1, name


NO_TEXTS = {
    "half-a-unit.txt": b"\xff\xfeodd",
    "control.txt": b"caf\xe9\x01\n",
    "zero.txt": b"a\0b",
    "lone-surrogate.txt": b"\xff\xfe\x00\xd8",
}


@BOTH
async def test_bytes_that_are_no_text_are_given_as_bytes(server: Serving, door: str, room: str) -> None:
    async with entered(door, server, "alice") as agent:
        for name, data in NO_TEXTS.items():
            path = f"{room}/{name}"
            put(server, path, data)
            assert (await agent.refused("read_file", path=path, format="text"))["code"] == "not_text"
            assert (await agent.done("read_file", path=path))["url"].endswith(path)
            told = await agent.refused("edit_file", path=path, edits=[{"old_text": "a", "new_text": "b"}])
            assert told["code"] == "not_text"
            told = await agent.refused("write_file", path=path, content="x", expect_version=7)
            assert (told["code"], told["diff"]) == ("conflict", None)
            await agent.done("describe_file", path=path)
            await agent.done("search", query="caf", mode="exact", path=path)
            assert stored(server, path) == data


@BOTH
async def test_an_empty_file_is_a_file(server: Serving, door: str, room: str) -> None:
    path = f"{room}/empty.md"
    async with entered(door, server, "alice") as agent:
        assert (await agent.done("write_file", path=path, content=""))["size_bytes"] == 0
        header, text = await agent.read(path)
        assert (text, header["total_lines"], header["more"]) == ("", 0, False)
        assert (await agent.refused("read_file", path=path, start_line=2))["argument"] == "start_line"
        told = await agent.refused("edit_file", path=path, edits=[{"old_text": "a", "new_text": "b"}])
        assert (told["code"], told["matches"]) == ("edit_failed", 0)
        assert (await agent.refused("edit_file", path=path, edits=[{"old_text": "", "new_text": "b"}]))["hint"]
        await agent.done("describe_file", path=path)
        assert (await agent.done("write_file", path=path, content="", append=True))["unchanged"]
        assert (await agent.done("write_file", path=path, content="x", append=True))["version"] == 2


@BOTH
async def test_of_many_deletes_at_once_one_wins(server: Serving, door: str, room: str) -> None:
    path = f"{room}/a.md"
    async with entered(door, server, "alice") as alice, entered(HTTP, server, "bob") as bob:
        await alice.done("write_file", path=path, content="x")
        answers = await asyncio.gather(*(agent.call("delete_file", path=path) for agent in (alice, bob) * 8))
        lost = [answer for answer in answers if "code" in answer]
        assert len(answers) - len(lost) == 1
        assert {answer["code"] for answer in lost} == {"not_found"}
        assert all("restore_file" in answer["hint"] for answer in lost)
        assert not (server.folder / path).exists()
        assert (await bob.done("restore_file", path=path))["version"] == 2


LEFT_OUT = {
    "ignored": {".git", "node_modules"},
    "symlink": {"link.txt", "outside"},
    "hard-linked": {"once.txt", "twice.txt"},
    "special": {"pipe"},
    "too large": {"huge.bin"},
    "invalid name": {"con.txt", "trailing.", "back\\slash", "bidi\u202etxt.md", "latin\\udce9"},
}


def fill(folder: Path) -> None:
    """Fill a folder with two files that can be taken in, and with much that cannot."""
    for path in ("target.txt", "node_modules/left-pad/index.js", ".git/config", "Readme.md", "README.md", "once.txt"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)
    for path in ("con.txt", "trailing.", "back\\slash", "bidi\u202etxt.md", os.fsdecode(b"latin\xe9")):
        (folder / path).write_text("name")
    (folder / "link.txt").symlink_to("target.txt")
    (folder / "outside").symlink_to("/etc")
    (folder / "twice.txt").hardlink_to(folder / "once.txt")
    os.mkfifo(folder / "pipe")
    with (folder / "huge.bin").open("wb") as file:
        file.truncate(LIMITS.file_bytes_max + 1)


def shape(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Return what stands in a folder, and what shows that nobody touched it."""
    found = {
        os.fsencode(entry.name).decode("utf-8", "replace"): entry.stat(follow_symlinks=False)
        for entry in os.scandir(folder)
    }
    return {name: (stat.st_ino, stat.st_size, stat.st_mtime_ns) for name, stat in found.items() if name != ".workspace"}


async def test_what_cannot_be_taken_in_is_left_as_it_is_and_told(folder: Path) -> None:
    fill(folder)
    before = shape(folder)
    planned = json.loads(run("serve", folder, "--dry-run", "--json").stdout)
    with serving(folder) as server:
        async with entered(HTTP, server, "alice") as agent:
            files = (await agent.done("list_files", path="", recursive=True, detail="full"))["files"]
            told = json.loads(run("status", "--dir", folder, "--json").stdout)["folder"]["left_out"]
            [twin] = told.pop("case collision")["examples"]
            assert {row["path"] for row in files} == {"target.txt", "Readme.md", "README.md"} - {twin}
            assert {reason: set(found["examples"]) for reason, found in told.items()} == LEFT_OUT
            assert {reason: found["count"] for reason, found in planned["left_out"].items()} == {
                reason: len(names) for reason, names in LEFT_OUT.items()
            } | {"case collision": 1}
            assert planned["files"] == 2
            await nobody_gets_at_it(agent, twin)
    assert shape(folder) == before


async def nobody_gets_at_it(agent: Agent, twin: str) -> None:
    """Try to write, move and copy to all that was left out, and to read it."""
    below = {"node_modules/left-pad/index.js", "node_modules/new.js", "outside/passwd", "pipe/below", "link.txt/below"}
    names = set().union(*LEFT_OUT.values()) - {"latin\\udce9", "outside", "node_modules", ".git"}
    for path in sorted(names | below | {twin}):
        for tool, arguments in (
            ("write_file", {"path": path, "content": "mine", "overwrite": True}),
            ("write_file", {"path": path, "content": "mine", "append": True}),
            ("move_file", {"path": "target.txt", "to": path, "overwrite": True, "copy": True}),
        ):
            told = await agent.refused(tool, **arguments)
            assert told["code"] == ("name_taken" if path == twin else "invalid_path"), (path, told)
        for tool in ("read_file", "delete_file", "file_history", "restore_file", "describe_file"):
            told = await agent.refused(tool, path=path)
            assert told["code"] in {"not_found", "invalid_path"}, (path, told)


async def test_what_cannot_be_taken_in_later_hinders_nothing_else(server: Serving, room: str) -> None:
    (server.folder / room).mkdir()
    with (server.folder / room / "huge.bin").open("wb") as file:
        file.truncate(LIMITS.file_bytes_max + 1)
    (server.folder / room / "link").symlink_to("/etc/passwd")
    (server.folder / room / "small.md").write_text("small")
    async with entered(HTTP, server, "alice") as agent:
        answer = await agent.done("wait_for", files=[f"{room}/small.md"], timeout_seconds=50)
        assert answer["status"] == "ready"
        [only] = (await agent.done("list_files", path=room, detail="full"))["files"]
        assert (only["path"], only["modified_by"]) == (f"{room}/small.md", "external")


# These keep the index busy for a while, so they come last.


async def test_one_line_of_5_mb_is_read_in_parts_edited_and_found(server: Serving, room: str) -> None:
    path = f"{room}/line.json"
    words = [f"wörd{number}" for number in range(600_000)]
    line = " ".join(words)[: 5 * MIB - 8] + " Nädel-77"
    assert len(line.encode()) > 5 * MIB
    put(server, path, line.encode())
    async with entered(STDIO, server, "alice") as agent, entered(HTTP, server, "bob") as reader:
        for each in (agent, reader):
            text, calls = await read_in_parts(each, path, max_tokens=LIMITS.tokens_max)
            assert text == line
            assert calls > 1
        header, start = await agent.read(path, max_tokens=100)
        assert (header["total_lines"], header["next"]["start_line"]) == (1, 1)
        assert header["next"]["start_column"] == len(start) + 1
        edited = await agent.done("edit_file", path=path, edits=[{"old_text": "Nädel-77", "new_text": "Nädel-78"}])
        assert len(edited["diff"]) <= LIMITS.diff_chars_max
        assert (stored(server, path)).decode() == line[:-1] + "8"
        found = await agent.done("search", query="Nädel-78", mode="exact", path=path)
        assert (found["total_matches"], found["hits"][0]["path"]) == (1, path)
        assert "Nädel-78" in found["hits"][0]["text"]
        assert len(found["hits"][0]["text"]) < 8_000
        told = await agent.refused("edit_file", path=path, edits=[{"old_text": "wörd", "new_text": "w"}])
        assert (told["code"], told["matches"] > 1) == ("edit_failed", True)
        told = await agent.refused("edit_file", path=path, edits=[{"old_text": "nothing like it", "new_text": ""}])
        assert (told["code"], told["matches"]) == ("edit_failed", 0)
        told = await agent.refused("write_file", path=path, content="x", expect_version=1)
        assert told["code"] == "conflict"
        assert (await agent.done("describe_file", path=path))["size_bytes"] > 5 * MIB


async def test_a_text_too_large_to_be_edited_says_how_else(server: Serving, room: str) -> None:
    path = f"{room}/huge.txt"
    put(server, path, b"line\n" * (2 * MIB))
    async with entered(HTTP, server, "alice") as agent:
        told = await agent.refused("edit_file", path=path, edits=[{"old_text": "line", "new_text": "x"}])
        assert (told["code"], told["actual"]) == ("too_large", 10 * MIB)
        assert f"{server.url}/api/v1/files/{path}" in told["hint"]
