"""The pages of the web view, as a reader without JavaScript gets them."""

import asyncio
import re
import sys
from pathlib import Path

import anyio
import httpx2
import pytest

from tests.indexer import files as documents
from tests.interfaces.listening import Listening
from tests.interfaces.web.conftest import Hand
from workspace_server.core.access import Caller
from workspace_server.core.events import EVENT_TYPES
from workspace_server.core.scopes import ALL
from workspace_server.interfaces.web.assets import lean
from workspace_server.interfaces.web.now.happenings import happening
from workspace_server.interfaces.web.templates import ENVIRONMENT
from workspace_server.storage.disk.watcher import Dirty

pytestmark = pytest.mark.anyio

ANA = Caller(agent="ana")
PAGES = ["/", "/files/", "/search", "/search?q=x", "/activity", "/locks", "/triggers", "/attention", "/connect"]


async def page(reader: httpx2.AsyncClient, address: str, status: int = 200) -> str:
    answer = await reader.get(address)
    assert answer.status_code == status, answer.text
    return answer.text


async def test_every_page_stands_in_an_empty_workspace_and_says_what_to_do(reader: httpx2.AsyncClient) -> None:
    for address in PAGES:
        html = await page(reader, address)

        assert "· atlas</title>" in html, address
        assert 'class="empty"' in html or address in {"/connect", "/search?q=x"}, address


async def test_no_page_runs_or_loads_anything_from_elsewhere(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.md", "x")
    for address in (*PAGES, "/files/a.md", "/files/absent.md", "/static/frame.css"):
        answer = await reader.get(address)
        policy = answer.headers["content-security-policy"]

        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'"), address
        assert "unsafe" not in policy, address
        assert answer.headers["x-content-type-options"] == "nosniff", address
        assert answer.headers["referrer-policy"] == "same-origin", address
        assert " style=" not in answer.text, address
        assert "<script>" not in answer.text, address
        assert " onclick" not in answer.text, address


async def test_the_first_page_shows_files_locks_activity_and_triggers(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("plan.md", "# Plan", message="first plan")
    await hand.write("research/a.md", "x", agent="bo")
    await served.engine.locks.lock_files(ANA, paths=["plan.md"], purpose="rewriting it")
    await served.engine.triggers.create_trigger(ANA, name="edit", files=["draft.md"], queue="editor")
    html = await page(reader, "/")

    assert '<a href="/files/plan.md" class="kind-file">' in html
    assert '<a href="/files/research" class="kind-directory">' in html
    assert "first plan" in html
    assert "rewriting it" in html
    assert "Locked by ana" in html
    assert "<bdi>edit</bdi>" in html
    assert "on <bdi>draft.md</bdi>" in html


async def test_a_folder_is_a_table_with_a_way_up(served: Listening, reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a/b/c.md", "x", agent="bo")
    html = await page(reader, "/files/a/b")

    await served.engine.locks.lock_files(ANA, paths=["a/b/"])
    above = await page(reader, "/files/a")

    assert "In it, locked by ana" in above
    assert '<a href="/files/a/b/c.md"' in html
    assert '<tr class="up"><td colspan="5"><a href="/files/a">' in html
    assert "<bdi>bo</bdi>" in html


async def test_a_shared_lock_is_seen_beside_what_it_covers(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    for path in ("dir/a.md", "dir/b.md", "dir/c.txt", "other.md"):
        await hand.write(path, "x")
    await served.engine.locks.lock_files(ANA, paths=["dir/*.md"], mode="shared")
    await served.engine.locks.lock_files(Caller(agent="bo"), paths=["dir/a.md"], mode="shared")
    folder = await page(reader, "/files/dir")
    root = await page(reader, "/")

    assert folder.count("Shared lock of ana") == 2
    assert folder.count("Shared lock of bo") == 1
    assert "In it, shared lock of ana" in root
    assert "Shared lock of <bdi>bo</bdi>" in await page(reader, "/files/dir/a.md")
    assert "hared lock" not in await page(reader, "/files/other.md")


async def test_deletions_that_were_not_recorded_are_told_on_the_first_page(
    served: Listening, reader: httpx2.AsyncClient, folder: Path
) -> None:
    changes = [{"op": "write", "path": f"{number}.md", "content": "x"} for number in range(40)]
    await served.engine.files.commit_files(ANA, changes=changes)
    async with asyncio.timeout(30):
        while (await served.engine.status.status(ANA))["open_intents"]:  # until then they are on their way
            await served.engine.events.wait(served.engine.events.head_seq, 0.01)
    assert "not recorded" not in await page(reader, "/")

    def empty() -> None:
        for path in folder.glob("*.md"):
            path.unlink()

    await anyio.to_thread.run_sync(empty)
    reconciler = served.engine.tree.reconciler
    assert reconciler is not None
    await reconciler.reconcile(Dirty(everything=True, paths=set()))
    html = await page(reader, "/")

    assert "files vanished at once" in html
    assert "Put the folder or the files back" in html


async def test_a_list_of_tasks_has_boxes_that_cannot_be_ticked(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("todo.md", "- [ ] write\n- [x] read\n- [y] neither\n")
    html = await page(reader, "/files/todo.md")

    assert '<li id="L1" class="task"><input type="checkbox" disabled="" aria-label="To do">' in html
    assert html.count(' checked="">read') == 1
    assert "[y] neither" in html


async def test_a_large_folder_is_shown_by_pages(reader: httpx2.AsyncClient, hand: Hand) -> None:
    content = [{"op": "write", "path": f"many/file-{number:04}.txt", "content": "x"} for number in range(1200)]
    await hand._engine.files.commit_files(ANA, changes=content)
    first = await page(reader, "/files/many")
    more = first.split('class="pager"><a href="')[1].split('"')[0].replace("&amp;", "&")
    second = await page(reader, more)

    assert "file-0000.txt" in first
    assert "file-1199.txt" not in first
    assert "file-0000.txt" not in second


async def test_markdown_is_rendered_with_links_that_lead_to_pages(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("docs/pic.png", b"\x89PNG\r\n\x1a\n")
    await hand.write(
        "docs/a.md",
        "---\nowner: ana\n---\n# Title\n\n[other](../b.md#L3) [out](https://example.com/) ![pic](pic.png)\n\n"
        "| a | b |\n|--|--:|\n| 1 | 2 |\n\n```python\ndef f(): ...\n```\n",
    )
    html = await page(reader, "/files/docs/a.md")

    assert '<h1 id="L4"><span id="heading-title"></span>Title</h1>' in html
    assert '<a href="/files/b.md#L3" rel="noopener noreferrer nofollow">other</a>' in html
    assert '<a href="https://example.com/" rel="noopener noreferrer nofollow">out</a>' in html
    assert '<img src="/api/v1/files/docs/pic.png" alt="pic">' in html
    assert '<td class="right">2</td>' in html
    assert '<span class="k">def</span>' in html
    assert '<span class="nt">owner</span>' in html


async def test_source_has_lines_that_can_be_pointed_at(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.py", 'x = """one\ntwo"""\n\nprint(x)\n')
    html = await page(reader, "/files/a.py")

    assert html.count('<div class="row" id="L') == 4
    assert '<div class="row" id="L2"><a class="no" href="#L2"' in html
    assert '<code><span class="s2">two"""</span></code>' in html


async def test_long_source_goes_on_on_the_next_page(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("long.txt", "".join(f"line {number}\n" for number in range(1, 7001)))
    html = await page(reader, "/files/long.txt")
    more = html.split('class="pager"><a href="')[1].split('"')[0].replace("&amp;", "&")
    second = await page(reader, more)

    assert "line 3000<" in html
    assert "line 3001<" not in html
    assert '<div class="row" id="L3001">' in second
    assert "line 3001<" in second


async def test_one_line_of_megabytes_is_shown_in_part(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("wide.txt", "x" * 3_000_000)
    html = await page(reader, "/files/wide.txt")

    assert len(html) < 500_000
    assert "line=1&amp;at=393216" in html
    more = html.split('class="pager"><a href="')[1].split('"')[0].replace("&amp;", "&")
    assert "From the beginning" in await page(reader, more)


async def test_a_table_is_a_table_whose_rows_can_be_pointed_at(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("t.csv", 'name,price\n"a, b",1.5\n"two\nlines",2\nlast,3\n')
    html = await page(reader, "/files/t.csv")

    assert '<th scope="col" class="num"><bdi>price</bdi></th>' in html
    assert '<tr id="L2">' in html
    assert "<bdi>a, b</bdi>" in html
    assert '<tr id="L5">' in html


async def test_a_long_table_goes_on_under_the_same_header(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("t.csv", "a,b\n" + "".join(f"{number},x\n" for number in range(2, 900)))
    html = await page(reader, "/files/t.csv")
    second = await page(reader, "/files/t.csv?line=502")

    assert '<tr id="L501">' in html
    assert '<tr id="L502">' not in html
    assert '<a href="/files/t.csv?line=502">Next rows</a>' in html
    assert '<th scope="col" class="num"><bdi>a</bdi></th>' in second
    assert '<tr id="L502">' in second
    assert "Next rows" not in second


async def test_what_is_no_table_is_shown_as_it_is(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("t.csv", 'a,b\n"' + "x" * 200_000 + '"\n')
    html = await page(reader, "/files/t.csv")

    assert '<div class="row" id="L2">' in html


ODD: list[tuple[str, str | bytes]] = [
    ("deep.json", "[" * 100_000),
    ("not.json", "{" + '"a' * 500),
    ("bad.csv", 'a,b\n"' + "x" * 200_000),
    ("empty.md", ""),
    ("empty.csv", ""),
    ("utf16.txt", "ünïcode".encode("utf-16")),
    ("broken.txt", b"\xff\xfe\xff"),
    ("binary.md", b"\0\1\2"),
    ("crlf.md", "# A\r\n\r\n- b\r\n"),
    ("nested.md", "> " * 5_000 + "x"),
    ("brackets.md", "[" * 20_000),
    ("stars.md", "*a " * 20_000),
    ("pipes.md", "|" * 20_000 + "\n" + "|-" * 10_000),
    ("loud.py", '"""' + "\\" * 50_000),
    ("broken.svg", "<svg"),
    ("lines.jsonl", "{\n[]\n" + "[" * 5_000 + "\n"),
    ("list.ipynb", "[]"),
    (
        "odd.ipynb",
        '{"cells": [1, {"source": 2, "outputs": 3}, {"cell_type": "code", "outputs": [4, {"data": 5}]}]}',
    ),
    ("no.ipynb", "{"),
    ("open.html", "<!--"),
    ("silence.mp3", "x"),
]


async def test_odd_content_is_shown_or_offered_and_never_a_fault(reader: httpx2.AsyncClient, hand: Hand) -> None:
    for name, content in ODD:
        await hand.write(name, content)
        for view in ("", "?view=source", "?view=history", "?view=facts", "?diff=1..1"):
            await page(reader, f"/files/{name}{view}")


async def test_a_picture_is_shown_and_a_binary_is_offered(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("p.png", b"\x89PNG\r\n\x1a\n")
    await hand.write("b.bin", b"\0\1")

    assert '<img src="/api/v1/files/p.png?version=1" alt="p.png">' in await page(reader, "/files/p.png")
    assert "No preview" in await page(reader, "/files/b.bin")


async def test_a_document_is_laid_out_with_its_pages_and_can_be_read_line_by_line(
    reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("plan.pdf", documents.pdf([["Owner: Ada Meyer"], [], ["Due date: 3 March 2026"]]))
    await hand.write("deck.pptx", documents.pptx([("Relay", ["Port: 80"]), ("Valve", ["Pressure: 8 bar"])]))
    await hand.write("costs.xlsx", documents.xlsx({"Costs": [["Part", "Price"], ["Pump", 40]]}))
    seen = await page(reader, "/files/plan.pdf")
    lines = await page(reader, "/files/plan.pdf?view=source")

    assert re.findall("Owner: Ada|Page [0-9]|Due date", seen) == [
        "Page 1",
        "Owner: Ada",
        "Page 2",
        "Page 3",
        "Due date",
    ]
    assert '<img src="/files/plan.pdf?version=1&amp;part=page&amp;page=3"' in seen
    assert '<div class="page-mark">Page 3</div><div class="row" id="L4">' in lines
    assert '">Text</a>' in lines
    assert '<p class="page-mark">Slide 2</p>' in await page(reader, "/files/deck.pptx")
    assert "<td>Pump</td>" in await page(reader, "/files/costs.xlsx")


@pytest.mark.parametrize(("path", "has_view"), [("a.py", False), ("a.pdf", True), ("a.md", True), ("a.html", True)])
async def test_a_file_has_the_same_tabs_wherever_one_looks(
    reader: httpx2.AsyncClient, hand: Hand, path: str, has_view: bool
) -> None:
    await hand.write(path, documents.pdf([["Owner: Ada"]]) if path == "a.pdf" else "one")
    for tab in ("", "?view=source", "?view=history", "?view=facts"):
        html = await page(reader, f"/files/{path}{tab}")
        assert (">View</a>" in html) is has_view, tab
        assert len(re.findall(r'aria-current="page">(?:View|Source|Text|History|Facts)<', html)) == 1, tab


async def test_a_moved_file_is_said_to_be_moved_where_it_was(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("a.md", "one")
    await served.engine.files.move_file(ANA, path="a.md", to="docs/a.md")
    told = re.sub(r"<[^>]+>|\s+", " ", await page(reader, "/files/a.md"))

    assert re.search(r"moved\s+to\s+docs/a\.md", told)
    assert "delete to" not in told


async def test_a_citation_of_several_lines_says_lines(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("a.pdf", documents.pdf([["Cover"], ["A walrus sleeps", "and wakes."]]))
    await served.engine.indexing.reach("passages", served.engine.head_seq, timeout_s=60)
    html = await page(reader, "/search?q=walrus")

    assert re.search(r">lines \d+–\d+<", html)
    assert '<span class="quiet">page 2</span>' in html


async def test_a_document_that_cannot_be_read_says_why(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("plan.pdf", b"%PDF-1.4\nnothing of it\0")
    await served.engine.indexing.reach("facts", served.engine.head_seq, timeout_s=60)

    assert "damaged: Invalid PDF" in await page(reader, "/files/plan.pdf")
    assert "failed: <bdi>damaged: Invalid PDF</bdi>" in await page(reader, "/files/plan.pdf?view=facts")


async def test_the_history_shows_versions_and_what_changed(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.md", "one\ntwo\n", message="start")
    await hand.write("a.md", "one\n2\n", agent="bo", message="shorter")
    history = await page(reader, "/files/a.md?view=history")
    diff = await page(reader, "/files/a.md?diff=1..2")
    chosen = await page(reader, "/files/a.md?view=history&from=2&to=1")
    old = await page(reader, "/files/a.md?version=1")

    assert "shorter" in history
    assert '<a class="act" href="/files/a.md?diff=1..2">Changes</a>' in history
    assert '<tr class="removed"><td class="no">2</td>' in diff
    assert "<code>two</code>" in diff
    assert '<tr class="added"><td class="no"></td><td class="no">2</td>' in chosen
    assert "This is <strong>version 1</strong>" in old


async def test_a_deleted_file_still_has_its_history(served: Listening, reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.md", "one")
    await served.engine.files.delete_file(ANA, path="a.md", message="obsolete")
    history = await page(reader, "/files/a.md")
    listed = await page(reader, "/files/?deleted=1")

    assert "Deleted" in history
    assert "obsolete" in history
    assert '<a class="version" href="/api/v1/files/a.md?version=1">v1</a>' in history
    assert '<a href="/files/a.md"' in listed


@pytest.mark.parametrize(("query", "mode", "said"), [("(x", "regex", "regular expression"), ("*", "ranked", "no word")])
async def test_a_question_that_is_refused_can_be_put_right(
    reader: httpx2.AsyncClient, query: str, mode: str, said: str
) -> None:
    answer = await reader.get("/search", params={"q": query, "mode": mode})

    assert answer.status_code == 400
    assert f'name="q" value="{query}"' in answer.text
    assert f'value="{mode}" checked' in answer.text
    assert said in answer.text


async def test_what_was_found_is_marked_and_a_slip_is_answered_with_a_link(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("r.md", "The <b>relay</b> retries 1 < 2.\n")
    await served.engine.search.search(ANA, query="relay", min_seq=served.engine.events.head_seq)
    ranked = await page(reader, "/search?q=retry+relay")
    exact = await page(reader, "/search?q=1+%3C+2&mode=exact")
    regex = await page(reader, "/search?q=re.ay&mode=regex")
    slip = await page(reader, "/search?q=realy")

    assert "The &lt;b&gt;<mark>relay</mark>&lt;/b&gt; <mark>retries</mark> 1 &lt; 2." in ranked
    assert "retries <mark>1 &lt; 2</mark>." in exact
    assert "The &lt;b&gt;<mark>relay</mark>" in regex
    assert '<a href="/search?q=relay"><bdi>relay</bdi></a>' in slip


async def test_contradictions_stand_side_by_side(served: Listening, reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.md", "# Widget\n\n- [price] 19 EUR\n- price: 19 EUR\n")
    await hand.write("b.md", "# Widget\n\n- price: 25 EUR\n", agent="bo")
    await served.engine.search.query_facts(ANA, min_seq=served.engine.events.head_seq)

    assert "Sources disagree on" in await page(reader, "/search?q=widget+price")


async def test_the_activity_is_the_log_newest_first_by_pages(reader: httpx2.AsyncClient, hand: Hand) -> None:
    for number in range(70):
        await hand.write(f"f{number:02}.bin", bytes([number]))
    first = await page(reader, "/activity")
    older = first.split('">Older</a>')[0].rsplit('href="', 1)[1].replace("&amp;", "&")
    second = await page(reader, older)

    assert first.index("f69.bin") < first.index("f68.bin")
    assert "f00.bin" not in first
    assert "f00.bin" in second
    assert "f69.bin" not in await page(reader, "/activity?kind=locks")


async def test_locks_say_who_what_and_why(served: Listening, reader: httpx2.AsyncClient) -> None:
    await served.engine.locks.lock_files(ANA, paths=["dir/", "a.md"], purpose="tidying")
    engine = served.engine
    waits = engine.locks.lock_files(Caller(agent="bo"), paths=["a.md"], wait_seconds=50, purpose="a second look")
    waiting = asyncio.create_task(waits)
    while not (await engine.locks.list_locks(ANA))["waiting"]:  # noqa: ASYNC110 - nobody tells who waits
        await asyncio.sleep(0.001)
    locks = await page(reader, "/locks")
    waiting.cancel()

    assert "tidying" in locks
    assert ">L1<" in locks, "what a person calls it who breaks it"
    assert "a second look" in locks
    assert "dir/" in locks


async def test_the_way_in_is_told_with_the_right_address(served: Listening, reader: httpx2.AsyncClient) -> None:
    html = await page(reader, "/connect")

    program = str(Path(sys.executable).with_name("workspace-server"))
    assert f"{served.url}/mcp?agent=claude-code" in html
    assert "&#34;claude-desktop&#34;" in html
    assert f"&#34;command&#34;: &#34;{program}&#34;" in html
    assert f"Workspace(&#34;{served.url}/mcp?agent=python&#34;, agent=&#34;python&#34;)" in html
    assert f"{served.url}/api/v1/events" in html


BAD_ADDRESSES = [
    ("/files/absent.md", 404),
    ("/files/a:b", 400),
    ("/files/%ff", 400),
    ("/files/..%2fx", 400),
    ("/files/a.md?version=x", 400),
    ("/files/a.md?version=99", 404),
    ("/files/a.md?diff=1..9", 404),
    ("/files/a.md?diff=soon", 400),
    ("/files/a.md?line=99999", 400),
    ("/files/a.md?line=0", 200),
    ("/files/?deleted=1&cursor=nonsense", 400),
    ("/files/?sort=colour", 400),
    ("/files/?sort=size&after=a.md&value=much", 400),
    ("/files/?since=soon", 400),
    ("/files/?since=12", 400),
    ("/activity?before=-1", 400),
    ("/activity?before=999999999", 200),
    ("/activity?kind=gossip", 200),
    ("/search?q=" + "x" * 2000, 400),
    ("/static/..%2f..%2fview.py", 404),
    ("/static/nothing.js", 404),
]


async def test_a_bad_address_gets_a_page_that_says_so(reader: httpx2.AsyncClient, hand: Hand) -> None:
    await hand.write("a.md", "one")
    for address, status in BAD_ADDRESSES:
        answer = await reader.get(address)

        assert answer.status_code == status, address
        assert answer.headers["content-security-policy"].startswith("default-src 'none'"), address


@pytest.mark.parametrize("address", ["/nope", "/triggers/editor/x", "/static/nothing.js", "/mcp/x", "/%3Cscript%3E"])
async def test_an_unknown_address_is_a_page_for_people_and_an_error_object_for_programs(
    reader: httpx2.AsyncClient, address: str
) -> None:
    seen = await reader.get(address, headers={"accept": "text/html,*/*;q=0.8"})
    told = await reader.get(address)

    assert (seen.status_code, told.status_code) == (404, 404)
    assert "· atlas</title>" in seen.text
    assert "There is nothing at /" in seen.text
    assert "<script>" not in seen.text
    assert told.json()["error"]["code"] == "not_found"
    assert {"code", "message", "hint", "retryable"} <= set(told.json()["error"])


@pytest.mark.parametrize("address", ["/activity", "/files/a.md"])
async def test_a_method_that_an_address_does_not_have_is_refused_in_the_same_two_ways(
    reader: httpx2.AsyncClient, address: str
) -> None:
    seen = await reader.post(address, headers={"accept": "text/html"})
    told = await reader.post(address)

    assert (seen.status_code, told.status_code) == (405, 405)
    assert "There is no POST here" in seen.text
    assert told.json()["error"]["code"] == "invalid_argument"
    assert "GET" in told.headers["allow"]


async def test_every_link_to_a_trigger_leads_to_its_page(served: Listening, reader: httpx2.AsyncClient) -> None:
    await served.engine.triggers.create_trigger(ANA, name="edit", files=["draft.md"], queue="editor")
    home = await page(reader, "/")

    assert 'href="/triggers/edit"' in home
    assert "<h1" in await page(reader, "/triggers/edit")


async def test_the_first_page_has_a_line_for_triggers_of_every_kind(
    served: Listening, reader: httpx2.AsyncClient
) -> None:
    create = served.engine.triggers.create_trigger
    await create(ANA, name="nightly", queue="clean", schedule="0 3 * * *", timezone="Europe/Berlin")
    await create(ANA, name="listed", queue="q", mode="all", options={"manifest": "plan.txt"})
    await create(ANA, name="asked", files=["a.md", "{x}/b.md"], mode="any", options={"approval": "Publish it?"})
    home = await page(reader, "/")

    for shown in ("0 3 * * *", "nightly", "listed", "asked"):
        assert shown in home, shown


@pytest.mark.parametrize("kind", EVENT_TYPES)
async def test_the_activity_has_words_for_every_type_of_event(kind: str) -> None:
    assert happening({"seq": 1, "at": "2026-11-21T09:30:12.481Z", "type": kind, "agent": "ann"}).verb != kind


async def test_pages_only_read(served: Listening) -> None:
    for address in ("/", "/files/a.md", "/activity"):
        status, _ = await served.raw("POST", address)
        assert status == 405


async def test_a_fault_of_ours_is_a_page_that_tells_an_id_and_nothing_else(
    served: Listening, reader: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    del served.engine.browsing
    html = await page(reader, "/", 500)

    assert "Traceback" not in html
    assert html.split("Request ")[1].split("<")[0] in caplog.text


async def test_a_purged_file_is_shown_as_one_and_not_as_one_that_comes_back(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    admin = Caller(agent="op", scope=ALL)
    await hand.write("a.md", "secret")
    await hand.write("a.md", "clean")
    await hand.write("b.md", "b")
    await served.engine.files.delete_file(ANA, path="b.md")
    await served.engine.upkeep.purge(admin, path="a.md")

    listed = await page(reader, "/files/?deleted=1")
    purged, kept = await page(reader, "/files/a.md"), await page(reader, "/files/b.md")

    assert listed.count(">purged</span>") == 1
    assert (purged.count(">purged</span>"), 'action="/restore"' in purged) == (3, False)
    assert (kept.count(">purged</span>"), 'action="/restore"' in kept) == (0, True)
    assert "/api/v1/files/a.md?version" not in purged


async def test_what_pages_load_is_sent_small_to_whoever_can_unpack_it(reader: httpx2.AsyncClient) -> None:
    packed = await reader.get("/static/live.js", headers={"accept-encoding": "gzip"})
    plain = await reader.get("/static/live.js", headers={"accept-encoding": "identity"})

    assert packed.text == plain.text
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert (packed.headers["content-encoding"], "content-encoding" in plain.headers) == ("gzip", False)
    assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"


async def test_styles_and_scripts_are_sent_without_what_only_people_read() -> None:
    css = "/* Why */\na, b > c {\n  color: red;\n  margin: 0 1px;\n}\n"
    js = '// Why\nconst at = "http://a//b"; // here\n\nif (at) {\n  go();\n}\n'

    assert lean("a.css", css) == "a,b>c{color:red;margin:0 1px}"
    assert lean("a.js", js) == 'const at = "http://a//b"; // here\nif (at) {go();}\n'


def test_every_template_can_be_compiled() -> None:
    for name in ENVIRONMENT.list_templates():
        ENVIRONMENT.get_template(name)


async def test_who_acts_on_the_first_page_leads_to_a_page_that_is_there(
    served: Listening, reader: httpx2.AsyncClient, hand: Hand
) -> None:
    await hand.write("a.md", "x\n", agent="external")
    html = (await reader.get("/")).text
    addresses = re.findall(r'<li data-key="external"><div class="what"><a href="([^"]+)"', html)
    assert addresses == ["/activity?agent=external"]
    assert (await reader.get(addresses[0])).status_code == 200


async def test_the_first_page_counts_what_needs_a_person(served: Listening, reader: httpx2.AsyncClient) -> None:
    tile = r"<dt>Need a person</dt><dd[^>]*>([0-9,]+)</dd>"
    assert re.findall(tile, (await reader.get("/")).text) == ["0"]
    await served.engine.jobs.add_job(ANA, queue="q", instructions="x")
    job = await served.engine.jobs.claim_job(ANA, queue="q")
    await served.engine.jobs.finish_job(ANA, job=job["job"]["job"], outcome="blocked", note="Which?")
    assert re.findall(tile, (await reader.get("/")).text) == ["1"]
