"""Documents and pages are read as what they say, page by page; nobody has seen the file itself by that."""

from typing import Any

import anyio
import pytest

from indexer.model import Extraction
from tests.indexer import files
from tests.services.files.test_reading import ANN, write
from workspace_server.errors import InvalidArgument, NotText
from workspace_server.services.engine import Engine
from workspace_server.services.files import documents
from workspace_server.services.files.reading import ReadResult

pytestmark = pytest.mark.anyio

PLAN = files.pdf([["Owner: Ada Meyer"], [], ["Due date: 3 March 2026"]])
PAGE = "<h1>Plan</h1>\n<p>Owner: <b>Ada</b></p>\n"


async def read(engine: Engine, path: str, **given: Any) -> ReadResult:
    return await engine.files.read_file(ANN, path=path, **given)


async def test_a_document_is_read_as_its_text_with_the_page_of_the_first_line(engine: Engine) -> None:
    await write(engine, "plan.pdf", PLAN)
    whole = await read(engine, "plan.pdf")
    later = await read(engine, "plan.pdf", start_line=4, max_lines=1, format="text")

    assert whole.text == "Owner: Ada Meyer\n\n\nDue date: 3 March 2026\n"
    assert {name: whole.header[name] for name in ("encoding", "extracted", "pages", "page", "total_lines", "more")} == {
        "encoding": "utf-8",
        "extracted": True,
        "pages": 3,
        "page": 1,
        "total_lines": 4,
        "more": False,
    }
    assert (later.text, later.header["page"], later.header["size_bytes"]) == (
        "Due date: 3 March 2026\n",
        3,
        len(PLAN),
    )


async def test_one_page_of_a_document_can_be_asked_for(engine: Engine) -> None:
    await write(engine, "plan.pdf", PLAN)
    pages = [await read(engine, "plan.pdf", page=number) for number in (1, 2, 3)]

    assert [page.text for page in pages] == ["Owner: Ada Meyer\n\n", "\n", "Due date: 3 March 2026\n"]
    assert [page.header["page"] for page in pages] == [1, 2, 3]
    assert [page.header["start_line"] for page in pages] == [1, 3, 4]
    assert (await read(engine, "plan.pdf", page=1, max_lines=1)).text == "Owner: Ada Meyer\n"


async def test_a_last_page_without_a_word_is_read_as_nothing(engine: Engine) -> None:
    await write(engine, "plan.pdf", files.pdf([["Owner: Ada"], []]))
    last = await read(engine, "plan.pdf", page=2)

    assert (last.text or "").strip() == ""
    assert last.header["page"] == 2


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"path": "plan.pdf", "page": 4}, "has 3 pages"),
        ({"path": "plan.pdf", "page": 0}, "page"),
        ({"path": "plan.pdf", "page": 2, "start_line": 4}, "cannot go with start_line"),
        ({"path": "plan.pdf", "page": 2, "format": "link"}, "cannot go with format"),
        ({"path": "a.txt", "page": 1}, "no pages, only lines"),
    ],
)
async def test_a_page_that_is_not_there_is_refused_with_what_is(
    engine: Engine, given: dict[str, Any], reason: str
) -> None:
    await write(engine, "plan.pdf", PLAN)
    await write(engine, "a.txt", "a\n")

    with pytest.raises(InvalidArgument, match=reason) as refusal:
        await read(engine, **given)
    assert refusal.value.facts["argument"] == "page"


@pytest.mark.parametrize(
    ("path", "data", "text"),
    [
        ("a.docx", files.docx([("Heading1", "Plan"), ("", "Owner: Ada")]), "## Plan\n\nOwner: Ada\n"),
        ("a.eml", files.mail(subject="Plan", text="Owner: Ada"), "# Plan\n\nFrom: "),
        ("notes", files.docx([("", "Owner: Ada")]), "Owner: Ada\n"),
        ("a.tiff", files.tiff(), "Format: TIFF\n"),
        ("a.html", PAGE.encode(), "Plan\nOwner: Ada\n"),
        ("a.pdf", b"Owner: Ada\n", "Owner: Ada\n"),
    ],
)
async def test_what_a_file_says_counts_more_than_how_it_is_stored(
    engine: Engine, path: str, data: bytes, text: str
) -> None:
    await write(engine, path, data)
    found = await read(engine, path)

    assert (found.text or "").startswith(text)
    assert found.header.get("extracted", False) == (data != text.encode())


async def test_a_document_whose_name_tells_nothing_is_not_taken_for_latin_1(engine: Engine) -> None:
    await write(engine, "notes", PLAN.replace(b"\n", b"\n%\xe2\xe3\xcf\xd3\n", 1))
    await write(engine, "lait", b"%\xe2\xe3\n")

    assert (await read(engine, "notes")).header["pages"] == 3
    assert (await read(engine, "lait")).text == "%âã\n"


async def test_html_can_be_read_as_it_is_written(engine: Engine) -> None:
    await write(engine, "a.html", PAGE)
    await write(engine, "hidden.html", "<script>x</script>")

    assert (await read(engine, "a.html", format="text")).text == PAGE
    assert (await read(engine, "hidden.html")).text == "<script>x</script>"


async def test_the_lines_of_facts_are_the_lines_that_are_read(engine: Engine) -> None:
    await write(engine, "plan.docx", files.docx([("Heading1", "Plan"), ("", "Budget: 40 EUR"), ("", "Owner: Ada")]))
    seq = engine.head_seq
    (fact,) = (await engine.search.query_facts(ANN, query="owner", min_seq=seq, detail="full"))["facts"]
    found = await read(engine, "plan.docx", start_line=fact["start_line"], max_lines=1)

    assert found.text == "Owner: Ada\n"


async def test_a_document_that_does_not_fit_goes_on_where_it_ended(engine: Engine) -> None:
    await write(engine, "a.docx", files.docx([("", f"Line {number} of many") for number in range(400)]))
    parts = [await read(engine, "a.docx", max_tokens=500)]
    while parts[-1].header["more"]:
        parts.append(await read(engine, "a.docx", max_tokens=500, **parts[-1].header["next"]))

    assert len(parts) > 3
    assert "".join(part.text or "" for part in parts).count("Line") == 400


@pytest.mark.parametrize(
    ("path", "data", "state", "reason"),
    [
        ("a.pdf", PLAN[:300], "failed", "damaged: Invalid PDF"),
        ("a.pdf", files.pdf([[]]), "empty", "no text in it"),
    ],
)
async def test_a_document_without_text_is_a_link_that_says_why(
    engine: Engine, path: str, data: bytes, state: str, reason: str
) -> None:
    await write(engine, path, data)
    found = await read(engine, path)

    assert found.url == engine.folder.bytes_url(path)
    assert found.header["index_state"] == state
    assert found.header["index_reason"].startswith(reason)
    with pytest.raises(NotText, match=reason):
        await read(engine, path, format="text")


async def test_who_read_a_document_has_not_seen_the_file(engine: Engine) -> None:
    await write(engine, "a.html", PAGE)
    engine.folder.seen._sights.clear()
    await read(engine, "a.html")
    assert not engine.folder.seen._sights
    await read(engine, "a.html", format="text")
    assert engine.folder.seen._sights


async def test_a_reader_does_not_wait_for_a_document_without_end(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_: object) -> Extraction:
        await anyio.sleep_forever()
        raise AssertionError

    await write(engine, "plan.pdf", PLAN)
    monkeypatch.setattr(documents, "extraction_of", hang)
    monkeypatch.setattr(documents, "WAITED_S_MAX", 0.01)

    assert (await read(engine, "plan.pdf")).header["index_state"] == "pending"


async def test_a_document_that_the_index_cannot_read_is_left_to_its_bytes(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> Extraction:
        raise OSError

    await write(engine, "plan.pdf", PLAN)
    monkeypatch.setattr(documents, "extraction_of", fail)

    assert documents.page_at(Extraction(state="ok"), 3) is None
    assert (await read(engine, "plan.pdf")).text == PLAN.decode()


async def test_an_old_version_is_read_on_the_spot(engine: Engine) -> None:
    await write(engine, "plan.pdf", files.pdf([["Owner: Ben"]]))
    await write(engine, "plan.pdf", PLAN)

    assert (await read(engine, "plan.pdf", version=1)).text == "Owner: Ben\n"
    described = await engine.search.describe_file(ANN, path="plan.pdf", version=1)
    assert "Ben" in str(described["facts"])
