"""XML as fields: elements and attributes with their places, and what is refused."""

import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.limits import NESTING_MAX
from tests.indexer.reading import facts, read, said

CATALOG = """<?xml version="1.0" encoding="ISO-8859-1"?>
<!-- Büch -->
<c:catalog xmlns:c="urn:c" xml:lang="en" empty="">
  <book id="b1" c:lang='en'><title>Locks &amp; Leases</title><price currency="EUR">29.90 </price><note/></book>
  <book id="b2">text beside <title><![CDATA[<Logs>]]></title></book>
  <set name="url">http://db</set>
</c:catalog>
"""


def test_elements_and_attributes_are_leaves_of_their_tree() -> None:
    extraction = read(CATALOG, "books.xml")

    assert said(extraction) == [
        ("catalog > book", "id", "b1"),
        ("b1", "lang", "en"),
        ("b1", "title", "Locks & Leases"),
        ("b1 > price", "currency", "EUR"),
        ("b1", "price", "29.90 EUR"),
        ("catalog > book", "id", "b2"),
        ("b2", "title", "<Logs>"),
        ("catalog > set", "name", "url"),
        ("url", "text", "http://db"),
    ]
    assert [f.pointer for f in facts(extraction)][:3] == ["/catalog/book/0/id", "/catalog/book/0/lang",
                                                          "/catalog/book/0/title"]  # fmt: skip


def test_a_leaf_is_quoted_as_it_stands_behind_letters_of_several_bytes() -> None:
    quotes = [f.quote for f in facts(read(CATALOG, "books.xml"))]

    assert quotes[:5] == [
        'id="b1"',
        "c:lang='en'",
        "<title>Locks &amp; Leases",
        'currency="EUR"',
        '<price currency="EUR">29.90',
    ]


def test_rows_of_elements_are_a_table() -> None:
    rows = "".join(f"<row><ms>{n}</ms></row>" for n in range(3))

    assert ("runs > row", "ms", "numbers, min 0, mean 1, max 2, sum 3, 3 distinct of 3") in said(
        read(f"<runs>{rows}</runs>", "x.xml"), "profile"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('<!DOCTYPE l [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]><l>&b;</l>', "declares entities"),
        ('<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/hostname">]><l>&x;</l>', "declares entities"),
        ('<!DOCTYPE l [<!ENTITY % p "x">]><l>a</l>', "declares entities"),
        ("<a>" * (NESTING_MAX + 2), "nested deeper"),
        ("<a>\n<b></a>", "not valid XML at line 2"),
        ("<a>", "not valid XML"),
        ("<a>&nbsp;</a>", "not valid XML"),
        ("no tags", "not valid XML"),
        ("<a>\x01</a>", "not valid XML"),
        ("<a>x</a>" + "<a", "not valid XML"),
    ],
)
def test_what_is_no_xml_or_could_grow_states_nothing(text: str, reason: str) -> None:
    extraction = read(text, "x.xml")

    assert (extraction.facts, extraction.state) == ((), "limited")
    assert reason in extraction.reason


def test_a_document_type_that_lies_elsewhere_is_not_fetched() -> None:
    extraction = read('<!DOCTYPE l SYSTEM "http://127.0.0.1:9/x.dtd"><l>License</l>', "x.xml")

    assert said(extraction) == [("x", "l", "License")]


TEXTS = st.text("ab<&\"' é😀", min_size=1, max_size=5).filter(str.strip)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
def test_every_value_is_read_as_the_standard_parser_reads_it(rows: list[tuple[str, str]]) -> None:
    items = "".join(f'<i k="{escape(a, {chr(34): "&quot;"})}">{escape(b)}</i>' for a, b in rows)
    extraction = read(f"<r>{items}</r>", "x.xml")

    tree = ET.fromstring(f"<r>{items}</r>")  # noqa: S314 (made above)
    theirs = [value for item in tree for value in (item.get("k", ""), item.text or "")]
    assert [f.value for f in facts(extraction, "field")] == [" ".join(value.split()) for value in theirs]
