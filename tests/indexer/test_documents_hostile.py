"""Documents made to do harm, or damaged: each ends in a state with its reason, and never in an exception."""

import pytest

from indexer.extractors.sheets import corners_of
from indexer.limits import ARCHIVE_PARTS_MAX, ARCHIVE_UNPACKED_BYTES_MAX
from tests.indexer import files, harm
from tests.indexer.reading import read


@pytest.mark.parametrize(
    ("data", "path", "reason"),
    [
        (harm.encrypted_pdf(), "a.pdf", "password-protected"),
        (harm.OLE + "EncryptedPackage".encode("utf-16-le"), "a.docx", "password-protected"),
        (harm.encrypted_zip(), "a.docx", "password-protected"),
        (harm.OLE, "a.doc", "an Office format from before 2007, which is not read"),
        (files.docx([("", "&a9;")], prologue=harm.LAUGHS), "a.docx", "refused: its XML defines entities"),
        (
            files.zipped(
                {"word/document.xml": '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a/>'.encode("utf-16")}
            ),
            "a.docx",
            "refused: its XML defines entities",
        ),
        (
            files.zipped({"word/document.xml": "", **{f"{n}": "" for n in range(ARCHIVE_PARTS_MAX)}}),
            "a.docx",
            f"refused: more than {ARCHIVE_PARTS_MAX} parts",
        ),
        (files.docx([("", "Owner: Ada")])[:-60], "a.docx", "damaged: not a readable archive"),
        (files.docx([("", "Owner: Ada")])[:900], "a.docx", "damaged: not a readable archive"),
        (files.epub("x")[:300], "a.epub", "damaged: not a readable archive"),
        (files.png(3, 3)[:12], "a.png", "damaged: the image does not tell its size"),
    ],
)
def test_a_document_that_is_locked_damaged_or_hostile_fails_and_says_why(data: bytes, path: str, reason: str) -> None:
    found = read(data, path)

    assert (found.state, found.reason, found.facts) == ("failed", reason, ())


def test_an_archive_that_unpacks_to_more_than_is_held_is_not_opened() -> None:
    found = read(harm.bloated(ARCHIVE_UNPACKED_BYTES_MAX // (16 * 1024 * 1024)), "a.docx")

    assert (found.state, found.reason) == (
        "failed",
        f"refused: it unpacks to more than {ARCHIVE_UNPACKED_BYTES_MAX} bytes",
    )


@pytest.mark.parametrize("length", [9, 200, 400])
def test_a_torn_pdf_fails(length: int) -> None:
    found = read(files.pdf([["Owner: Ada"]])[:length], "a.pdf")

    assert found.state == "failed"
    assert found.reason.startswith("damaged: ")


def test_a_pdf_whose_page_tree_goes_in_a_circle_ends() -> None:
    catalog = "<< /Type /Catalog /Pages 2 0 R >>"
    found = read(files.pdf_of([catalog, "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 100000 >>"]), "a.pdf")

    assert found.state in {"failed", "empty"}
    assert found.reason


def test_a_document_without_a_word_is_empty_and_no_success() -> None:
    found = read(files.pdf([[], []]), "scan.pdf")

    assert (found.state, found.reason) == ("empty", "no text in it")


def test_an_empty_file_is_empty_whatever_it_is_called() -> None:
    assert {read(b"", path).reason for path in ("a.pdf", "a.docx", "a.eml", "a.png", "a.txt")} == {"the file is empty"}


@pytest.mark.parametrize(
    "related",
    [
        "<Relationships><Relationship Id='rId1'/><Relationship x=\"1\"/></Relationships>",
        '<Relationships><Relationship Id="rId1" Target="worksheets/none.xml"/></Relationships>',
    ],
)
def test_a_workbook_with_broken_parts_is_no_error(related: str) -> None:
    whole = files.xlsx({"Costs": [["Item", "Cost"], ["Rack", 1]]})
    broken = files.replaced(whole, {"xl/_rels/workbook.xml.rels": related})
    found = read(broken, "a.xlsx")

    assert corners_of(broken) == {}
    assert (found.state, found.facts) in {("failed", ()), ("empty", ())}
    assert found.reason
