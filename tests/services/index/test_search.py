"""What agents are told when they ask instead of reading: facts, passages, descriptions."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from workspace_server.config import Settings
from workspace_server.core import tokens
from workspace_server.core.access import Caller
from workspace_server.core.scopes import everywhere
from workspace_server.errors import Forbidden, InvalidArgument, NotFound
from workspace_server.services.engine import Engine

pytestmark = pytest.mark.anyio

RITA, SAM = Caller(agent="rita"), Caller(agent="sam")
HTTPX = """---
title: httpx
---
# httpx

- License: BSD-3-Clause
- Minimum Python: 3.8

The default timeout is 5 seconds.

## Risks

- no HTTP/3 yet
"""


@pytest.fixture
async def engine(folder: Path) -> AsyncIterator[Engine]:
    async with Engine.open(folder, settings=Settings()) as engine:
        yield engine


async def save(engine: Engine, path: str, content: str, caller: Caller = RITA, **more: Any) -> int:
    result = await engine.files.write_file(caller, path=path, content=content, overwrite=True, **more)
    return int(result["seq"])


def size(result: object) -> int:
    return tokens.of_bytes(tokens.bytes_of(result))


async def test_a_fact_is_told_with_its_place_and_its_writer(engine: Engine) -> None:
    seq = await save(engine, "research/httpx/facts.md", HTTPX)

    answer = await engine.search.query_facts(SAM, query="What is the minimum Python of httpx?", min_seq=seq)

    assert answer["facts"][0] == {
        "fact": "httpx · Minimum Python: 3.8",
        "cite": "research/httpx/facts.md@1:7",
        "kind": "field",
        "by": "rita",
    }
    assert (answer["conflicts"], answer["complete"]) == ([], True)
    assert answer["indexed_seq"] >= seq


async def test_full_detail_quotes_what_stands_in_the_file(engine: Engine) -> None:
    seq = await save(engine, "research/httpx/facts.md", HTTPX)

    answer = await engine.search.query_facts(SAM, query="default timeout", detail="full", min_seq=seq)
    fact = answer["facts"][0]

    assert (fact["subject"], fact["key"], fact["value"], fact["unit"]) == ("httpx", "default timeout", "5 seconds", "s")
    assert fact["quote"] == HTTPX.splitlines()[fact["start_line"] - 1]
    assert (fact["path"], fact["version"], fact["end_line"]) == ("research/httpx/facts.md", 1, fact["start_line"])
    assert fact["at"].endswith("Z")


async def test_only_the_head_of_a_file_is_told(engine: Engine) -> None:
    await save(engine, "a.md", "# relay\nPort: 80\n")
    seq = await save(engine, "a.md", "# relay\nPort: 81\n")
    found = await engine.search.query_facts(RITA, subject="relay", key="port", min_seq=seq)
    assert [(f["fact"], f["cite"]) for f in found["facts"]] == [("relay · Port: 81", "a.md@2:2")]

    deleted = await engine.files.delete_file(RITA, path="a.md")

    gone = await engine.search.query_facts(RITA, subject="relay", key="port", min_seq=deleted["seq"])
    assert (gone["facts"], gone["passages"]) == ([], [])


async def test_a_moved_file_takes_its_facts_with_it(engine: Engine) -> None:
    await save(engine, "old/relay.md", "# relay\nPort: 80\n")
    moved = await engine.files.move_file(RITA, path="old/relay.md", to="new/relay.md")

    found = await engine.search.query_facts(RITA, query="relay port", min_seq=moved["seq"])

    assert [f["cite"] for f in found["facts"]] == ["new/relay.md@1:2"]


async def test_researchers_who_disagree_are_reported(engine: Engine) -> None:
    await save(engine, "research/a/facts.md", "# httpx\n- Minimum Python: 3.8\n- Status: done\n")
    seq = await save(engine, "research/b/facts.md", "# httpx\nMinimum Python: 3.9\nStatus: open\n", SAM)

    answer = await engine.search.query_facts(RITA, subject="httpx", min_seq=seq)

    assert answer["conflicts"] == [
        {
            "subject": "httpx",
            "key": "Minimum Python",
            "values": [
                {"value": "3.8", "cite": "research/a/facts.md@1:2", "by": "rita"},
                {"value": "3.9", "cite": "research/b/facts.md@1:2", "by": "sam"},
            ],
        }
    ]


async def test_facts_can_be_bound_to_a_place_a_kind_a_subject_and_a_key(engine: Engine) -> None:
    await save(engine, "a/x.md", "# one\nPort: 80\nTODO: check\n\nTODO: all\n")
    seq = await save(engine, "b/x.md", "# two\nPort: 81\n\nOwner: Dana\n")
    ask = engine.search.query_facts

    assert len((await ask(RITA, query="port", min_seq=seq))["facts"]) == 2
    for path in ("b", "b/", "b/*.md", "b/x.md"):
        assert [f["fact"] for f in (await ask(RITA, query="port", path=path))["facts"]] == ["two · Port: 81"]
    assert [f["kind"] for f in (await ask(RITA, kind="todo"))["facts"]] == ["todo", "todo"]
    assert [f["fact"] for f in (await ask(RITA, subject="two", kind="field"))["facts"]] == [
        "two · Port: 81",
        "two · Owner: Dana",
    ]
    assert [f["fact"] for f in (await ask(RITA, key="owner"))["facts"]] == ["two · Owner: Dana"]
    assert (await ask(RITA, query="***"))["facts"] == []
    assert (await ask(RITA))["facts"][0]["cite"].startswith("b/x.md@1")


async def test_facts_come_from_several_files_and_say_nothing_twice(engine: Engine) -> None:
    await save(engine, "many.md", "# many\n" + "".join(f"- Port {n}: {n}\n" for n in range(9)))
    await save(engine, "copy.md", "# many\n- Port 1: 1\n")
    seq = await save(engine, "other.md", "# other\nThe text has much more to say of it.\n- Port: 7\n")

    found = await engine.search.query_facts(RITA, query="port", limit=5, min_seq=seq)
    facts = [f["fact"] for f in found["facts"]]

    assert "other · Port: 7" in facts
    assert len(facts) == len(set(facts)) == 5


@pytest.mark.parametrize("max_tokens", [50, 80, 150, 400, 2_000])
async def test_no_answer_is_larger_than_its_budget(engine: Engine, max_tokens: int) -> None:
    for number in range(8):
        text = f"# relay\n\n- Größe: {number} MB\n- Port: {number}\n\n" + f'The size of "relay" is {number} MB. ' * 20
        seq = await save(engine, f"notes/{number}.md", text)
    await engine.search.search(RITA, query="relay", min_seq=seq)

    for detail in ("brief", "full"):
        facts = await engine.search.query_facts(
            RITA, query="relay size port", detail=detail, max_tokens=max_tokens, min_seq=seq
        )
        assert size(facts) <= max_tokens
    for mode in ("ranked", "exact", "regex"):
        assert size(await engine.search.search(RITA, query="relay", mode=mode, max_tokens=max_tokens)) <= max_tokens
    assert size(await engine.search.describe_file(RITA, path="notes/1.md", max_tokens=max(max_tokens, 60))) <= max(
        max_tokens, 60
    )
    assert (await engine.search.query_facts(RITA, query="relay", max_tokens=2_000))["passages"]


async def test_passages_are_found_by_rank_with_their_place(engine: Engine) -> None:
    await save(engine, "a.md", HTTPX)
    seq = await save(engine, "b.md", "# Other\n\nA risk of its own.\n", SAM)

    answer = await engine.search.search(RITA, query="http risks", min_seq=seq)

    (first, *_) = answer["hits"]
    assert (first["path"], first["version"], first["heading"]) == ("a.md", 1, "httpx > Risks")
    assert (first["start_line"], first["end_line"], first["text"]) == (11, 13, "## Risks\n\n- no HTTP/3 yet")
    assert answer["complete"]
    by_sam = await engine.search.search(RITA, query="risk", modified_by="sam")
    assert [hit["path"] for hit in by_sam["hits"]] == ["b.md"]


async def test_a_passage_of_an_old_version_is_never_told(engine: Engine) -> None:
    seq = await save(engine, "a.md", "walrus\n")
    assert (await engine.search.search(RITA, query="walrus", min_seq=seq))["hits"]

    await save(engine, "a.md", "penguin\n")

    assert (await engine.search.search(RITA, query="walrus"))["hits"] == []


async def test_a_long_passage_is_shown_around_what_was_asked(engine: Engine) -> None:
    lines = [f"line {n} " + "filler " * 6 for n in range(30)]
    lines[17] = "here stands the walrus"
    await save(engine, "lines.txt", "\n".join(lines))
    await save(engine, "page.html", f"<p>{'filler ' * 90}\nthe walrus {'filler ' * 40}</p>")
    seq = await save(engine, "one.txt", "filler " * 100 + "a walrus " + "filler " * 60)

    found = (await engine.search.search(RITA, query="walrus", min_seq=seq))["hits"]
    hits = {hit["path"]: hit for hit in found}
    wide = (await engine.search.search(RITA, query="walrus", path="lines.txt", context_lines=2))["hits"][0]

    assert len(hits["lines.txt"]["text"]) < 450
    start = hits["lines.txt"]["start_line"]
    assert hits["lines.txt"]["text"].split("\n")[18 - start] == lines[17]
    assert wide["end_line"] - wide["start_line"] == hits["lines.txt"]["end_line"] - start + 4
    for path in ("page.html", "one.txt"):
        assert "walrus" in hits[path]["text"]
        assert hits[path]["text"].startswith("…")


async def test_exact_search_needs_no_index_and_counts_every_line(engine: Engine) -> None:
    big = "x\n" * 60_000 + "needle here\n"
    await save(engine, "a.txt", "a Needle\nneedle needle\nand a needle\n")
    await save(engine, "b/big.txt", big)
    seq = await save(engine, "c.md", "no match\n")

    answer = await engine.search.search(RITA, query="needle", mode="exact", limit=2)

    assert [(h["path"], h["start_line"], h["text"]) for h in answer["hits"]] == [
        ("a.txt", 2, "needle needle"),
        ("a.txt", 3, "and a needle"),
    ]
    assert (answer["total_matches"], answer["complete"]) == (3, True)
    assert answer["indexed_seq"] >= seq
    below = await engine.search.search(RITA, query="needle", mode="exact", path="b", context_lines=1)
    assert [(h["path"], h["start_line"], h["text"]) for h in below["hits"]] == [("b/big.txt", 60_000, "x\nneedle here")]
    assert [(h["end_line"], h["match_line"]) for h in below["hits"]] == [(60_001, 60_001)]
    assert "match_line" not in answer["hits"][0]


async def test_exact_search_pages_through_many_files(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workspace_server.services.index.exact_search.PAGE_FILES", 3)
    for number in range(7):
        await save(engine, f"{number}.txt", "needle\n")
    whole = await engine.search.search(RITA, query="needle", mode="exact")
    assert whole["total_matches"] == len(whole["hits"]) == 7


async def test_a_search_is_filtered_by_type_and_time(engine: Engine) -> None:
    await save(engine, "a.md", "walrus\n")
    seq = await save(engine, "a.csv", "k,v\nwalrus,1\n")
    now = datetime.now(UTC)

    async def paths(**filters: Any) -> list[str]:
        found = await engine.search.search(RITA, query="walrus", min_seq=seq, **filters)
        exact = await engine.search.search(RITA, query="walrus", mode="exact", **filters)
        assert sorted(h["path"] for h in found["hits"]) == [h["path"] for h in exact["hits"]]
        return [h["path"] for h in exact["hits"]]

    assert await paths(media_type="text/csv") == ["a.csv"]
    for half in ("text/", "text/*", "TEXT/*"):
        assert await paths(media_type=half) == ["a.csv", "a.md"]
    assert await paths(modified_after=(now + timedelta(hours=1)).isoformat()) == []
    assert await paths(modified_after=(now - timedelta(hours=1)).replace(tzinfo=None).isoformat()) == ["a.csv", "a.md"]


async def test_hidden_characters_are_not_passed_on(engine: Engine) -> None:
    seq = await save(engine, "a.md", "# evil\nEvil name: \u202egnp.exe\u200b\x1b[31m\n")

    answers = [
        await engine.search.query_facts(RITA, query="evil name", detail="full", min_seq=seq),
        await engine.search.search(RITA, query="evil name", min_seq=seq),
        await engine.search.search(RITA, query="Evil name", mode="exact"),
        await engine.search.describe_file(RITA, path="a.md"),
    ]

    for answer in answers:
        text = json.dumps(answer, ensure_ascii=False)
        assert "gnp.exe" in text
        assert not {"\u202e", "\u200b", "\x1b"} & set(json.dumps(answer, ensure_ascii=False).replace("\\u001b", "\x1b"))


async def test_a_query_waits_for_a_change_and_says_when_it_did_not_come(folder: Path) -> None:
    async with Engine.open(folder, settings=Settings(min_seq_wait_seconds=0)) as engine:
        seq = await save(engine, "a.md", "Port: 80\n")

        late = await engine.search.query_facts(RITA, query="port", min_seq=seq + 1_000)

        assert not late["complete"]
        assert late["indexed_seq"] < seq + 1_000


async def test_a_description_spares_the_reading(engine: Engine) -> None:
    await save(engine, "research/httpx/facts.md", HTTPX)
    seq = await save(engine, "comparison.md", "# C\n", sources=[{"path": "research/httpx/facts.md", "version": 1}])
    await engine.search.query_facts(RITA, query="x", min_seq=seq)

    told = await engine.search.describe_file(RITA, path="research/httpx/facts.md")

    assert told == {
        "path": "research/httpx/facts.md",
        "version": 1,
        "modified_by": "rita",
        "title": "httpx",
        "media_type": "text/markdown",
        "size_bytes": len(HTTPX),
        "lines": 13,
        "index_state": "ok",
        "outline": ["# httpx :4", "## Risks :11"],
        "facts": [
            {"fact": "httpx · title: httpx", "line": 2, "kind": "field"},
            {"fact": "httpx · License: BSD-3-Clause", "line": 6, "kind": "field"},
            {"fact": "httpx · Minimum Python: 3.8", "line": 7, "kind": "field"},
            {"fact": "httpx · default timeout: 5 seconds", "line": 9, "kind": "quantity"},
            {"fact": "httpx > Risks · risk: no HTTP/3 yet", "line": 13, "kind": "risk"},
        ],
        "sources": [],
        "used_by": [{"path": "comparison.md", "version": 1}],
    }
    user = await engine.search.describe_file(RITA, path="comparison.md")
    assert user["sources"] == [{"path": "research/httpx/facts.md", "version": 1}]


async def test_code_is_described_by_its_symbols(engine: Engine) -> None:
    seq = await save(engine, "relay.py", '"""Relay."""\n\nclass Relay:\n    def run(self) -> None: ...\n')
    await engine.search.query_facts(RITA, query="x", min_seq=seq)

    told = await engine.search.describe_file(RITA, path="relay.py")

    assert told["outline"] == ["class Relay :3", "  def run(self) -> None :4"]


async def test_code_is_told_by_its_symbols(engine: Engine) -> None:
    code = "package relay\n\n// Run serves until told.\nfunc (s *Server) Run(port int) error {\n\t// TODO: drain\n}\n"
    seq = await save(engine, "cmd/relay.go", code)

    told = await engine.search.query_facts(RITA, query="Server Run", min_seq=seq)
    described = await engine.search.describe_file(RITA, path="cmd/relay.go")

    assert {fact["fact"]: fact["cite"] for fact in told["facts"]} == {
        "relay.Server.Run · function: func (s *Server) Run(port int) error": "cmd/relay.go@1:4",
        "relay.Server.Run · summary: Run serves until told.": "cmd/relay.go@1:3",
        "relay.Server.Run · todo: drain": "cmd/relay.go@1:5",
    }
    assert described["outline"] == ["func (s *Server) Run(port int) error :4"]


async def test_an_old_version_is_described_too(engine: Engine) -> None:
    texts = [f"# relay\nPort: {number}\n" for number in range(8)]
    for text in texts:
        seq = await save(engine, "a.md", text)
        await engine.search.query_facts(RITA, query="x", min_seq=seq)

    for version in (1, 8):
        told = await engine.search.describe_file(RITA, path="a.md", version=version)
        assert [one["fact"] for one in told["facts"]] == [f"relay · Port: {version - 1}"]
    await engine.files.delete_file(RITA, path="a.md")
    assert (await engine.search.describe_file(RITA, path="a.md", version=8))["index_state"] == "ok"


async def test_the_state_of_what_cannot_be_read_is_told_with_its_reason(engine: Engine) -> None:
    await save(engine, "empty.txt", "")
    seq = await save(engine, "image.bin", "AAAA", encoding="base64")
    await engine.search.query_facts(RITA, query="x", min_seq=seq)

    empty = await engine.search.describe_file(RITA, path="empty.txt")
    binary = await engine.search.describe_file(RITA, path="image.bin")

    assert (empty["index_state"], empty["index_reason"]) == ("empty", "the file is empty")
    assert (binary["index_state"], binary["facts"]) == ("limited", [])


async def test_what_is_not_there_is_not_described(engine: Engine) -> None:
    await save(engine, "a.md", "x")
    await save(engine, LONG, "x")
    await engine.files.delete_file(RITA, path="a.md")

    for path, version, refusal in (("none.md", None, NotFound), ("a.md", None, NotFound), ("a.md", 7, NotFound)):
        with pytest.raises(refusal):
            await engine.search.describe_file(RITA, path=path, version=version)
    with pytest.raises(InvalidArgument):
        await engine.search.describe_file(RITA, path=LONG, max_tokens=50)


LONG = "x" * 120 + ".md"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("search", {"query": " "}),
        ("search", {"query": "x" * 10_000}),
        ("search", {"query": "*"}),
        ("search", {"query": "title:"}),
        ("search", {"query": "x", "mode": "fuzzy"}),
        ("search", {"query": "(x", "mode": "regex"}),
        ("search", {"query": "x", "limit": 0}),
        ("search", {"query": "x", "context_lines": 21}),
        ("search", {"query": "x", "max_tokens": 1}),
        ("search", {"query": "x", "modified_after": "yesterday"}),
        ("search", {"query": "x", "min_seq": -1}),
        ("search", {"query": "x", "media_type": "text"}),
        ("search", {"query": "x", "media_type": "*/*"}),
        ("query_facts", {"query": ""}),
        ("query_facts", {"kind": "rumour"}),
        ("query_facts", {"query": "x", "detail": "huge"}),
        ("query_facts", {"query": "x", "path": "a{b,c}"}),
    ],
)
async def test_wrong_arguments_are_named(engine: Engine, tool: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        await getattr(engine.search, tool)(RITA, **arguments)

    assert refusal.value.facts["argument"] in arguments


async def test_who_may_not_search_is_refused(engine: Engine) -> None:
    writer = Caller(agent="w", scope=everywhere("write"))
    await save(engine, "a.md", "x")

    for call in (
        engine.search.search(writer, query="x"),
        engine.search.query_facts(writer, query="x"),
        engine.search.describe_file(writer, path="a.md"),
    ):
        with pytest.raises(Forbidden):
            await call


async def test_the_status_says_how_far_the_index_is(engine: Engine) -> None:
    seq = await save(engine, "a.md", "Port: 80\n")
    await engine.search.search(RITA, query="port", min_seq=seq)

    index = (await engine.status.status(RITA))["index"]

    assert index["lag"] == 0
    assert index["indexed_seq"] == index["searchable_seq"] >= seq


async def test_each_version_that_was_read_is_announced_once(folder: Path) -> None:
    async with Engine.open(folder, settings=Settings()) as engine:
        seq = await save(engine, "a.md", "Port: 80\n")
        await engine.search.query_facts(RITA, query="x", min_seq=seq)
    async with Engine.open(folder, settings=Settings()) as engine:
        seq = await save(engine, "b.md", "Port: 81\n")
        await engine.search.search(RITA, query="x", min_seq=seq)
        events = (await engine.events.feed(RITA, since_seq=0, types=["file.indexed"], limit=100))["events"]

    assert [(event["path"], event["version"]) for event in events] == [("a.md", 1), ("b.md", 1)]


async def test_facts_are_found_by_part_of_an_identifier_and_in_cjk(engine: Engine) -> None:
    await save(engine, "a.toml", "[relay]\nmaxRetries = 5\n")
    seq = await save(engine, "b.md", "# 東京タワー\n- 高さ: 333 m\n")

    assert (await engine.search.query_facts(RITA, query="retries", min_seq=seq))["facts"][0]["cite"] == "a.toml@1:2"
    assert (await engine.search.query_facts(RITA, query="東京"))["facts"]
    assert (await engine.search.query_facts(RITA, query='"max retries" rel*'))["facts"]
