"""Documents as text with pages: what stands in them is found with its page, slide, sheet or cell."""

import pytest

from indexer.extraction import bytes_needed, extract, extraction_key
from indexer.extractors import REGISTRY, Registry, plain
from indexer.extractors.documents import DOCUMENT
from indexer.limits import CONVERTED_CHARS_MAX, DOCUMENT_BYTES_MAX, INDEXED_BYTES_MAX, PAGES_MAX
from indexer.model import Change, Extraction
from tests.indexer import files
from tests.indexer.reading import facts, read, said

HEADED = files.pdf(
    [["Budget plan", "Owner: Ada Meyer", "The budget is 40,000 EUR."], ["Due date: 3 March 2026"]]
).replace(b"12 Tf 72 720 Td\n(Budget plan)", b"24 Tf 72 720 Td\n(Budget plan) Tj /F1 12 Tf 0 -30 Td ()")


def places(extraction: Extraction) -> list[tuple[str, str, int | None, str | None]]:
    return [(fact.key, fact.value, fact.page, fact.pointer) for fact in facts(extraction)]


def test_a_pdf_says_on_which_page_each_fact_and_passage_stands() -> None:
    found = read(files.pdf([["Owner: Ada Meyer"], [], ["Due date: 3 March 2026", "and no later"]]), "plan.pdf")

    assert (found.state, found.reason, found.pages) == ("ok", "", (1, 3, 4))
    assert found.text.split("\n") == ["Owner: Ada Meyer", "", "", "Due date: 3 March 2026", "", "and no later", ""]
    assert [fact[:3] for fact in places(found)] == [("Owner", "Ada Meyer", 1), ("Due date", "3 March 2026", 3)]
    assert [(passage.page, passage.start_line) for passage in found.passages] == [(1, 1), (3, 4)]
    assert all(found.text[fact.start : fact.end] == fact.quote for fact in found.facts)


def test_large_letters_in_a_pdf_are_a_heading() -> None:
    found = read(HEADED, "plan.pdf")

    assert (found.title, [heading.line for heading in found.headings]) == ("Budget plan", [1])
    assert said(found, "field") == [("Budget plan", "Owner", "Ada Meyer"), ("Budget plan", "Due date", "3 March 2026")]
    assert said(found, "money") == [("Budget plan", "budget", "40,000 EUR")]


def test_a_long_line_that_goes_on_in_the_next_is_not_cut_into_a_field() -> None:
    found = read(files.pdf([["Scope: " + "all that is needed " * 3 + "and", "then some more of it"]]), "plan.pdf")

    assert found.text.count("\n\n") == 0
    assert facts(found, "field") == []


def test_a_docx_gives_headings_tables_and_fields_with_the_page_after_each_break() -> None:
    found = read(
        files.docx(
            [
                ("Heading1", "Falcon"),
                ("", "Owner: Ada *star* Meyer"),
                ("Heading2", "Costs"),
                [["Item", "Cost"], ["Rack", "1,200 EUR"]],
                ("page break", ""),
                ("", "Status: late"),
            ]
        ),
        "plan.docx",
    )

    assert (found.state, found.pages) == ("ok", (1, 11))
    assert [(heading.level, heading.title) for heading in found.headings] == [(2, "Falcon"), (3, "Costs")]
    assert "Ada *star* Meyer" in found.text
    assert [(*each, fact.page) for fact, each in zip(facts(found), said(found), strict=True)] == [
        ("Falcon", "Owner", "Ada *star* Meyer", 1),
        ("Rack", "Cost", "1,200 EUR", 1),
        ("Falcon > Costs", "Status", "late", 2),
    ]


def test_a_workbook_gives_cells_with_sheet_and_address() -> None:
    found = read(
        files.xlsx(
            {
                "Costs & more": [
                    ["Budget of 2026", None, None],
                    [None, None, None],
                    ["Item", "Cost", "Note"],
                    ["Rack", 1200, None],
                    ["Fan | big", 35.5, "two\nlines"],
                ],
                "Empty": [],
                "Numbers": [[1, 2], [3, 4]],
                "People": [["Name", "Age"], ["Ada", 40]],
            },
            first_row=3,
        ),
        "books.xlsx",
    )

    assert (found.state, len(found.pages), found.title) == ("ok", 4, "Costs & more")
    assert places(found) == [
        ("Cost", "1200", 1, "Costs & more!B6"),
        ("Cost", "35.5", 1, "Costs & more!B7"),
        ("Note", "two lines", 1, "Costs & more!C7"),
        ("Age", "40", 4, "People!B4"),
    ]
    assert "Budget of 2026\n\n| Item" in found.text
    assert [passage.page for passage in found.passages] == [1, 3, 4]


def test_where_a_sheet_is_laid_out_in_an_odd_way_its_cells_have_no_address() -> None:
    data = files.xlsx({"Costs": [["Item", "Cost"], ["Rack", 1200]]}, padding='<row r="9"><c r="D9" s="1"></c></row>')
    found = read(data, "books.xlsx")

    assert places(found) == [("Cost", "1200", 1, "row 1, column Cost")]


def test_columns_beyond_the_limit_are_left_out_and_said_to_be() -> None:
    found = read(files.xlsx({"Wide": [[f"c{number}" for number in range(300)]]}), "books.xlsx")

    assert (found.state, found.reason) == ("limited", "only the first 256 columns of Wide are indexed")
    assert "c255" in found.text
    assert "c256" not in found.text


def test_a_workbook_is_read_up_to_the_limit_of_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.extractors.sheets.CONVERTED_CHARS_MAX", 60)
    monkeypatch.setattr("indexer.extraction.CONVERTED_CHARS_MAX", 60)
    rows: list[tuple[str, str]] = [("Item", "Cost"), *((f"Rack {number}", str(number)) for number in range(20))]
    found = read(files.xlsx({"Costs": rows, "More": rows}), "books.xlsx")

    assert (found.state, found.reason) == ("limited", "only the first 60 characters are indexed")
    assert len(found.text) == 60


def test_slides_are_pages() -> None:
    found = read(files.pptx([("Kick-off", ["Owner: Ada"]), ("Risks", ["Supply: late"])]), "talk.pptx")

    assert (found.state, found.title) == ("ok", "Kick-off")
    assert [(*each, fact.page) for fact, each in zip(facts(found), said(found), strict=True)] == [
        ("Kick-off", "Owner", "Ada", 1),
        ("Risks", "Supply", "late", 2),
    ]


def test_a_mail_is_about_its_subject_and_says_from_whom_it_is() -> None:
    found = read(files.mail(subject="Falcon: budget", text="Budget: 40,000 EUR\n", attachment=b"PK"), "m.eml")

    assert (found.state, found.title, found.pages) == ("ok", "Falcon: budget", ())
    assert said(found) == [
        ("Falcon: budget", "From", '"Ada Meyer" <ada@example.org>'),
        ("Falcon: budget", "To", '"Ben Okafor" <ben@example.org>'),
        ("Falcon: budget", "Date", "Tue, 03 Mar 2026 09:30:00 +0000"),
        ("Falcon: budget", "Budget", "40,000 EUR"),
        ("Falcon: budget", "Attachment", "plans.zip"),
    ]


@pytest.mark.parametrize("subject", ["Subject: Falcon\n", ""])
def test_a_mail_without_plain_text_is_read_from_its_html(subject: str) -> None:
    head = f"From: ada@example.org\n{subject}MIME-Version: 1.0\nContent-Type: text/html\n\n"
    found = read(head + "<h1>Plan</h1><p>Owner: <b>Ada</b></p>", "m.eml")

    assert said(found, "field")[-1] == ("Plan", "Owner", "Ada")
    assert ("From", "ada@example.org") in [each[1:] for each in said(found, "field")]


@pytest.mark.parametrize("text", ["", "See text/html\n"])
def test_a_mail_that_says_little_is_no_error(text: str) -> None:
    found = read(f"From: ada@example.org\nSubject: Plan\n\n{text}", "m.eml")

    assert (found.state, found.title) == ("ok", "Plan")


def test_a_mail_with_endless_parts_is_read_without_them() -> None:
    parts = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(3_000))
    found = read("From: a@example.org\nSubject: Plan\n" + parts + "Content-Type: text/html\n\n<p>x</p>", "m.eml")

    assert found.title == "Plan"


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (files.rtf("Owner: Ada\\par Bold"), "x.rtf"),
        (files.odt("<text:p>Owner: Ada</text:p>"), "x.odt"),
        (files.epub("<p>Owner: Ada</p>"), "x.epub"),
    ],
)
def test_other_documents_are_read_without_pages(data: bytes, path: str) -> None:
    found = read(data, path)

    assert (found.state, found.pages, REGISTRY.is_converted(found)) == ("ok", (), True)
    assert [fact[:3] for fact in places(found)] == [("Owner", "Ada", None)]


@pytest.mark.parametrize("path", ["plan.txt", "plan.docx", "plan.png", "plan.zip", "plan", "plan.csv"])
def test_the_bytes_decide_and_not_the_name(path: str) -> None:
    found = read(files.pdf([["Owner: Ada"]]), path)

    assert (found.state, found.extractor, said(found)) == (
        "ok",
        f"document@{DOCUMENT.version}",
        [("plan", "Owner", "Ada")],
    )


def test_text_that_is_called_a_document_is_read_as_text_and_says_so() -> None:
    found = read("Owner: Ada", "plan.pdf")

    assert (found.state, found.reason) == ("limited", "its bytes are text, and not what its name says")
    assert not REGISTRY.is_converted(found)
    assert [passage.text for passage in found.passages] == ["Owner: Ada"]
    assert found.text == ""


def test_an_archive_that_is_no_document_is_known_by_name_only() -> None:
    found = read(files.zipped({"a.txt": "Owner: Ada"}), "plan.zip")

    assert (found.state, found.reason) == ("limited", "not text: only name and type are known")


def test_a_document_is_wanted_whole_and_text_from_its_beginning() -> None:
    def needed(path: str) -> int:
        return bytes_needed(Change(seq=1, path=path, version=1))

    assert (needed("a.pdf"), needed("a.md"), needed("a.bin")) == (
        DOCUMENT_BYTES_MAX,
        INDEXED_BYTES_MAX,
        INDEXED_BYTES_MAX,
    )
    assert REGISTRY.may_convert("a.bin", "", b"%PDF-1.7")


def test_a_document_that_is_cut_is_not_opened() -> None:
    data = files.pdf([["Owner: Ada"]])
    found = extract(data[:500], path="a.pdf", size_bytes=len(data))

    assert (found.state, found.reason) == ("limited", "a document of more than 500 bytes: only name and type are known")


def test_what_a_document_says_is_bounded() -> None:
    line = "word " * 20
    found = read(files.docx([("", line)] * (CONVERTED_CHARS_MAX // 100 + 9)), "a.docx")

    assert (found.state, len(found.text)) == ("limited", CONVERTED_CHARS_MAX)
    assert found.reason.startswith(f"only the first {CONVERTED_CHARS_MAX} characters are indexed")


def test_pages_beyond_the_limit_stand_on_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.extractors.documents.PAGES_MAX", 2)
    for data in (
        files.pdf([["Size: 1"], ["Size: 2"], ["Size: 3"]]),
        files.pptx([(f"T{n}", ["Size: 1"]) for n in range(3)]),
    ):
        assert [fact.page for fact in facts(read(data, "x"), "field")] == [1, 2, 2]
    assert PAGES_MAX > 2


def test_pages_whose_letters_differ_from_the_text_are_not_told() -> None:
    from indexer.extractors.documents import _aligned

    assert _aligned(["one", "", "two", "three"], ["one", "", "two three"]) == (1, 3, 3)
    assert _aligned(["one", "two"], ["one", "twofold"]) == ()
    assert _aligned(["one", "two"], ["one"]) == ()


def test_a_newer_converter_reads_every_file_again_for_any_may_be_a_document() -> None:
    import dataclasses

    newer = Registry((plain.TEXT, dataclasses.replace(DOCUMENT, version=DOCUMENT.version + 1)), fallback=plain.OTHER)
    older = Registry((plain.TEXT, DOCUMENT), fallback=plain.OTHER)
    change = Change(seq=1, path="a.txt", version=1, sha256="aa")

    assert extraction_key(change, newer) != extraction_key(change, older)
