"""What is kept of an extraction comes back as it was, all of it or a part."""

import dataclasses
import json

import pytest
import zstandard

from indexer import packing
from indexer.model import Extraction
from tests.indexer import files
from tests.indexer.reading import read

PLAN = read(
    files.docx([("Heading1", "Plan \U0001f600 ä"), ("", "Owner: Ada"), ("page break", ""), ("", "Size: 3")]), "a.docx"
)
TABLE = read(b"k,v\n" + b"".join(b"row%d,%d\n" % (number, number) for number in range(300)), "a.csv")


@pytest.mark.parametrize("extraction", [PLAN, TABLE, Extraction(state="failed", reason="x")])
def test_an_extraction_comes_back_as_it_was(extraction: Extraction) -> None:
    body = packing.packed(extraction)

    assert packing.unpacked(body) == extraction
    assert packing.said(body) == (extraction.title, extraction.passages)


def test_a_document_has_a_text_and_other_files_have_none() -> None:
    assert packing.document_text(packing.packed(PLAN)) == (PLAN.text, PLAN.pages)
    assert packing.document_text(packing.packed(TABLE)) is None


def test_what_an_earlier_program_kept_is_read_too() -> None:
    fields = {field.name: getattr(PLAN, field.name) for field in dataclasses.fields(PLAN)}
    for name in ("facts", "headings", "passages"):
        fields[name] = [dataclasses.astuple(each) for each in fields[name]]
    body = zstandard.compress(json.dumps(fields).encode())

    assert packing.unpacked(body) == PLAN
    assert packing.said(body) == (PLAN.title, PLAN.passages)
