"""Files made to do harm, and questions that are: a real server goes on, says what became of each, and serves others."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import httpx2
import pytest

from tests.doors import DOORS, Agent, entered
from tests.indexer import files, harm
from tests.processes import Serving, serving
from workspace_server.core.limits import LIMITS

HTTP = DOORS[0]
HOSTILE_PARSERS = ("tests.scenarios.hostile_parsers",)
FEW = (
    *("lying.docx", "deep.pdf", "laughs.xml", "huge.png", "deep.json", "number.json", "torn.pdf", "locked.docx"),
    *("pdf.md", "text.pdf", "little.md", "latin.md", "invalid.md", "zero.md"),
)
"""One or two for each way of doing harm; `make soak ARGS=hostile` takes all of them, and larger ones."""

pytestmark = [pytest.mark.anyio, pytest.mark.blocking]


def put(server: Serving, path: str, data: bytes) -> None:
    """Save bytes as programs do."""
    request = Request(f"{server.url}/api/v1/files/{path}?overwrite=true", data, method="PUT")
    with urlopen(request, timeout=60) as answer:
        assert answer.status in {200, 201}


async def told(agent: Agent, path: str) -> tuple[str, str]:
    """Return the index state of a file and its reason, once it has been read."""
    waited = await agent.done("wait_for", files=[path], indexed=True, timeout_seconds=50)
    assert waited["status"] == "ready", waited
    described = await agent.done("describe_file", path=path)
    return described["index_state"], described.get("index_reason", "")


async def test_each_harmful_file_ends_in_a_state_and_others_are_indexed_meanwhile(server: Serving, room: str) -> None:
    harms = [one for one in harm.ALL if one.path in FEW]
    assert len(harms) == len(FEW)
    for one in harms:
        put(server, f"{room}/{one.path}", one.make())
    async with entered(HTTP, server, "alice") as agent:
        await agent.done("write_file", path=f"{room}/good.md", content="# Ferry\n\nCaptain: Ada\n")
        assert (await told(agent, f"{room}/good.md"))[0] == "ok"
        found = await agent.done("query_facts", query="captain", path=f"{room}/")
        assert [fact["fact"] for fact in found["facts"]] == ["Ferry · Captain: Ada"]
        states = {one.path: await told(agent, f"{room}/{one.path}") for one in harms}
        assert [
            (one.path, *states[one.path])
            for one in harms
            if states[one.path][0] not in one.states or one.reason not in states[one.path][1]
        ] == []
        assert (await agent.done("write_file", path=f"{room}/after.md", content="x"))["version"] == 1


async def test_a_parser_that_hangs_and_one_that_crashes_cost_nobody_else_anything(folder: Path) -> None:
    with serving(folder, program=HOSTILE_PARSERS) as server:
        async with entered(HTTP, server, "alice") as agent:
            for name, deed in (("hangs", "sleep"), ("crashes", "abort"), ("ends", "exit")):
                put(server, f"{name}.hostile", f"HOSTILE {deed}".encode())
            await agent.done("write_file", path="good.md", content="# Ferry\n\nCaptain: Ada\n")
            assert await told(agent, "good.md") == ("ok", "")
            assert {name: await told(agent, f"{name}.hostile") for name in ("hangs", "crashes", "ends")} == {
                "hangs": ("failed", "its parser took longer than 1 s; it is not tried again"),
                "crashes": ("failed", "its parser crashed (SIGABRT); it is not tried again"),
                "ends": ("failed", "its parser ended without an answer; it is not tried again"),
            }
            assert (await agent.done("query_facts", query="captain"))["facts"]
        assert server.stop() == 0


async def test_a_server_that_reads_files_itself_ends_with_the_parser(folder: Path) -> None:
    server = Serving(folder, program=(*HOSTILE_PARSERS, "itself"))
    server.start()
    put(server, "crashes.hostile", b"HOSTILE abort")

    assert server.wait() == -signal.SIGABRT


async def test_a_file_that_changes_while_it_is_read_is_told_as_it_is_in_the_end(server: Serving, room: str) -> None:
    path, outside = f"{room}/ferry.docx", server.folder / room / "notes.md"
    async with entered(HTTP, server, "alice") as agent:
        for number in range(12):  # a document takes longer to read than to save
            put(server, path, files.docx([("", f"Captain: Ada {number}")]))
            outside.write_text(f"# Notes\n\nMate: Ben {number}\n")
            await asyncio.sleep(0.05)
        with outside.open("a") as file:
            for _ in range(20):
                file.write("Cook: Cleo\n")
                file.flush()
                await asyncio.sleep(0.01)
        seq = (await agent.done("write_file", path=f"{room}/last.md", content="x"))["seq"]
        assert await told(agent, path) == ("ok", "")
        facts: set[str] = set()
        while "Notes · Mate: Ben 11" not in facts:  # until the folder was looked at
            await asyncio.sleep(0.1)
            answer = await agent.done("query_facts", query="captain mate", path=f"{room}/", min_seq=seq)
            facts = {fact["fact"] for fact in answer["facts"]}
        assert facts == {"Notes · Mate: Ben 11", "ferry · Captain: Ada 11"}


QUERIES: dict[str, str] = {
    "every word": "*",
    "every letter": " ".join(f"{letter}*" for letter in "abcdefghijklmnopqrstuvwxyz"),
    "all that begins with two letters": " ".join(f"{first}e*" for first in "abcdefghijklmnopqrstuvwxyz"),
    "all that resembles": " ".join(f"{word}~" for word in ("which", "there", "about", "would", "other") * 16),
    "5,000 parentheses": "(" * 5_000,
    "250 parentheses": "(" * 250 + ")" * 250,
    "10,000 terms": " ".join(f"term{number}" for number in range(10_000)),
    "as many terms as fit": " ".join(f"t{number}" for number in range(110)),
    "a phrase without end": '"' + "a " * 240,
    "only quotes": '"' * 499,
    "fields in fields": "title:" * 80,
    "all without": "-the " * 120,
    "signs of control": "\x01\x02\x03 \u202e\u200b",
}
IN_VAIN = {"every word", "250 parentheses", "only quotes", "signs of control"}
"""Questions without a word in them, which search by rank refuses."""
PATTERNS: dict[str, str] = {
    "nested repeats": "(a+)+$",
    "counted repeats": "(x{1000}){1000}",
    "alternatives": "|".join(f"a{number}" for number in range(100)),
    "anything twice": "(.*)(.*)(.*)(.*)(.*)(.*)(.*)=x",
    "5,000 parentheses": "(" * 2_500 + ")" * 2_500,
}


@pytest.mark.parametrize("mode", ["ranked", "exact"])
async def test_a_question_made_to_do_harm_is_refused_or_answered(server: Serving, room: str, mode: str) -> None:
    words = " ".join(f"term{number} we{number}" for number in range(5_000))
    put(server, f"{room}/words.md", words.encode())
    async with entered(HTTP, server, "alice") as agent:
        await told(agent, f"{room}/words.md")
        for name, query in QUERIES.items():
            answers = [
                await agent.call("search", query=query, mode=mode),
                await agent.call("query_facts", query=query),
            ]
            told_so = {(answer.get("code"), answer.get("argument")) for answer in answers}
            assert told_so <= {(None, None), ("invalid_argument", "query")}, (name, answers)
            refused = len(query) > LIMITS.query_chars_max or (mode == "ranked" and name in IN_VAIN)
            assert ("code" in answers[0]) == refused, (name, answers[0])


async def test_a_pattern_made_to_do_harm_is_refused_or_answered(server: Serving, room: str) -> None:
    put(server, f"{room}/line.md", b"a" * 200_000 + b"!\n")
    async with entered(HTTP, server, "alice") as agent:
        answers = {
            name: await agent.call("search", query=query, mode="regex", path=f"{room}/")
            for name, query in PATTERNS.items()
        }
    assert {name: answer.get("code") for name, answer in answers.items()} == {
        "nested repeats": None,
        "counted repeats": "invalid_argument",
        "alternatives": None,
        "anything twice": None,
        "5,000 parentheses": "invalid_argument",
    }


async def test_the_server_was_there_all_the_time(server: Serving) -> None:
    status: dict[str, Any] = httpx2.get(f"{server.url}/api/v1/status").json()

    assert status["index"]
    os.kill(server.pid, 0)
