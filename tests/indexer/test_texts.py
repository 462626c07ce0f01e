"""Markdown, plain text, HTML and Python: outline, title, visible text, symbols."""

import pytest

from indexer.limits import CODE_CHARS_MAX, LINKS_PER_FILE_MAX, STRUCTURED_CHARS_MAX
from tests.indexer.reading import facts, read, said

MARKDOWN = """---
title: The Relay
tags: [a, b]
---
Intro
=====

# Setup #

```toml
Key: not a fact
# not a heading
```

> Quote: not a fact

Second
---

~~~
open: fence
~~~
- item
---
"""


def test_the_outline_of_markdown_is_its_headings() -> None:
    extraction = read(MARKDOWN)

    assert [(h.level, h.title, h.line) for h in extraction.headings] == [
        (1, "Intro", 5),
        (1, "Setup", 8),
        (2, "Second", 17),
    ]
    assert extraction.title == "The Relay"
    assert said(extraction) == [
        ("notes", "title", "The Relay"),
        ("The Relay", "tags", "a"),
        ("The Relay", "tags", "b"),
    ]
    assert said(extraction, "heading") == [
        ("notes", "heading", "Intro"),
        ("notes", "heading", "Setup"),
        ("Setup", "heading", "Second"),
    ]


def test_front_matter_that_is_none_is_text() -> None:
    assert read("---\n[broken: yaml\n---\nLicense: MIT\n").reason == "the front matter is not valid YAML"
    assert read("---\nno end\n").facts == ()
    assert read("---\n").state == "ok"
    assert read("---\nowner: dana\n...\n").title == ""


def test_indented_code_states_nothing_and_an_indented_part_of_an_item_does() -> None:
    text = "# A\n\n    Key: code\n\n\tKey: code\n\n- item\n\n    Owner: Dana\n\ntext\n\n    Key: code\n"

    assert said(read(text)) == [("A > item", "Owner", "Dana")]


def test_an_empty_heading_and_an_open_fence_are_harmless() -> None:
    extraction = read("# \n\n## #\n\n```\nLicense: MIT\n")

    assert (extraction.headings, facts(extraction)) == ((), [])


def test_a_definition_list_gives_fields() -> None:
    assert said(read("Fence\n: a number that only rises\n\n: nobody's\n")) == [
        ("notes", "Fence", "a number that only rises")
    ]


LINKED = """# Queue

See [the design notes](docs/design.md) and [The *manual*](<https://example.org/a b> "Title"), [here](x.md), [#12](y.md).
[![badge](b.svg)](ci) ![image text](i.png) [a section](#below) [docs/design.md](docs/design.md) [mail](mailto:a@b)

- [The design notes](docs/design.md)
- [https://example.org](https://example.org/) [empty]()

| Name | Where |
|------|-------|
| pikaq | [its home page](https://example.org/pikaq) |
"""


def test_links_that_say_where_they_lead_are_facts_once_each() -> None:
    extraction = read(LINKED)

    assert said(extraction, "link") == [
        ("Queue", "the design notes", "docs/design.md"),
        ("Queue", "The manual", "https://example.org/a b"),
        ("Queue", "its home page", "https://example.org/pikaq"),
    ]
    assert facts(extraction, "link")[0].quote == "[the design notes](docs/design.md)"


def test_a_list_of_links_is_cut() -> None:
    text = "\n".join(f"- [Project number {n}](p/{n})" for n in range(LINKS_PER_FILE_MAX + 5))

    assert len(facts(read(text), "link")) == LINKS_PER_FILE_MAX


def test_crlf_is_kept_in_the_places_and_out_of_the_values() -> None:
    text = "# A\r\n\r\nLicense: MIT\r\nOwner: Dana\r\n"
    extraction = read(text)

    assert said(extraction) == [("A", "License", "MIT"), ("A", "Owner", "Dana")]
    assert [f.start_line for f in facts(extraction)] == [3, 4]
    assert all(text[f.start : f.end] == f.quote for f in extraction.facts)


def test_plain_text_has_underlined_headings() -> None:
    extraction = read("Relay\n=====\n\nPort: 80\n\nMore\n~~~~\ntext\nand\n---\nmore\n", "about.txt")

    assert [h.title for h in extraction.headings] == ["Relay", "More"]
    assert said(extraction) == [("Relay", "Port", "80")]


def test_logs_and_unknown_code_are_searchable_only() -> None:
    extraction = read("const Port: number = 80;\n", "x.ts")

    assert (extraction.facts, extraction.state) == ((), "ok")
    assert extraction.passages[0].text == "const Port: number = 80;"


HTML = """<!doctype html><html><head><title>The &amp; Relay</title><style>p{}</style>
<script>var x = "License: GPL";</script></head><body>
<h1>Relay <em>guide</em></h1><p>License: MIT</p><p>The <b>timeout</b> is 30&nbsp;s.<br>Next</p>
<p>Owner: D&eacute;ja &#65; &bogus</p>
<dl><dt>Port</dt><dd>80</dd><dd>stray</dd></dl>
<h2> </h2><ul><li>Region: north</li></ul><!-- comment --></body></html>tail &"""


def test_html_is_read_as_it_is_seen_with_places_in_the_source() -> None:
    extraction = read(HTML, "relay.html")

    assert extraction.title == "The & Relay"
    assert said(extraction, "heading") == [("relay", "heading", "Relay guide")]
    assert said(extraction, "field") == [
        ("Relay guide", "License", "MIT"),
        ("Relay guide", "Owner", "Déja A &bogus"),
        ("Relay guide", "Port", "80"),
        ("Relay guide", "Region", "north"),
    ]
    assert all(HTML[f.start : f.end] == f.quote for f in extraction.facts)
    shown = "\n".join(p.text for p in extraction.passages)
    assert "GPL" not in shown
    assert "The timeout is 30 s. Next" in shown
    assert [f.start_line for f in facts(extraction, "field")] == [3, 4, 5, 6]


@pytest.mark.parametrize("unfinished", ["<!--", "<a x='", "<![CDATA[", "<?x", "<"])
def test_html_that_never_ends_a_construct_costs_no_more_than_its_length(unfinished: str) -> None:
    extraction = read("<p>License: MIT</p>" + unfinished + (unfinished + "x") * 200_000, "x.html")

    assert ("x", "License", "MIT") in said(extraction)


def test_a_short_unfinished_end_of_html_is_read() -> None:
    assert ("x", "License", "MIT") in said(read("<p>License: MIT", "x.html"))
    assert read("<p>a</p><!-- " + "x" * 5_000, "x.html").reason == "the page ends inside a tag or comment"
    assert "longer than" in read("<p>a</p><!-- " + "x" * 700_000, "x.html").reason


def test_hidden_parts_of_html_end_where_they_end() -> None:
    page = (
        "<svg><title>no</title><p>x &amp; y</p></svg><head><meta><title>Yes</title></head><p>Port: 80</p></table></dl>"
    )
    extraction = read(page, "x.html")

    assert (extraction.title, said(extraction)) == ("Yes", [("x", "Port", "80")])


PYTHON = '''"""Serve the relay.

More.
"""

import os


@property
def \u00e9t\u00e9(a: dict[str, int] = {"x": 1}, *args: int, b: int = 2, **kw: int) -> "list[int]":  # note: no
    """Return summer."""
    def inner(): ...
    return 1


class Relay(Base, metaclass=Meta): x = 1


class Other:
    async def run(
        self,
    ) -> None:
        """
        Go.
        """

    @decorated
    def bare(self): return "\\d"

    class Inner:
        @first
        class Deep: pass


def last(): "one\\x41line"
'''


def test_python_gives_its_classes_and_functions_with_their_signatures() -> None:
    extraction = read(PYTHON, "relay.py")

    assert said(extraction, "symbol") == [
        ("relay", "summary", "Serve the relay."),
        ("relay.\u00e9t\u00e9", "function",
         'def \u00e9t\u00e9(a: dict[str, int] = {"x": 1}, *args: int, b: int = 2, **kw: int) -> "list[int]"'),
        ("relay.\u00e9t\u00e9", "summary", "Return summer."),
        ("relay.Relay", "class", "class Relay(Base, metaclass=Meta)"),
        ("relay.Other", "class", "class Other"),
        ("relay.Other.run", "function", "async def run( self, ) -> None"),
        ("relay.Other.run", "summary", "Go."),
        ("relay.Other.bare", "function", "def bare(self)"),
        ("relay.Other.Inner", "class", "class Inner"),
        ("relay.Other.Inner.Deep", "class", "class Deep"),
        ("relay.last", "function", "def last()"),
    ]  # fmt: skip
    assert all(PYTHON[f.start : f.end] == f.quote for f in extraction.facts)


def test_python_tells_its_constants_and_its_open_tasks() -> None:
    text = (
        "WAIT_S: Final = 1.5  # TODO: measure\n"
        "SIZES = (1, 2)\nlower = 1\nMADE = make()\nA = B = 2\nX.Y = 3\nEMPTY: int\n\n"
        "class \u00c4rger:\n    LIMIT = -1\n\n    def run(self):\n        # FIXME(dana): stop\n"
        '        return "# TODO: not this"\n\n\n# TODO later\n'
    )
    extraction = read(text, "a.py")

    assert said(extraction, "symbol", "todo") == [
        ("a.WAIT_S", "constant", "WAIT_S: Final = 1.5"),
        ("a.SIZES", "constant", "SIZES = (1, 2)"),
        ("a.A", "constant", "A = B = 2"),
        ("a.\u00c4rger", "class", "class \u00c4rger"),
        ("a.\u00c4rger.LIMIT", "constant", "LIMIT = -1"),
        ("a.\u00c4rger.run", "function", "def run(self)"),
        ("a", "todo", "measure"),
        ("a.\u00c4rger.run", "todo", "stop"),
        ("a", "todo", "later"),
    ]
    assert all(text[fact.start : fact.end] == fact.quote for fact in extraction.facts)


@pytest.mark.parametrize("text", ["def (", "x = '\x01\n", "-" * 50_000 + "1", "(" * 50_000, "x" + ".a" * 50_000])
def test_what_is_no_python_states_nothing(text: str) -> None:
    extraction = read(text, "x.py")

    assert (extraction.facts, extraction.state) == ((), "limited")
    assert "Python" in extraction.reason


def test_long_code_and_long_data_are_searchable_without_facts() -> None:
    for text, path in (("x = 1\n" * (CODE_CHARS_MAX // 6 + 1), "x.py"), (" " * STRUCTURED_CHARS_MAX + "{}", "x.json")):
        extraction = read(text, path)
        assert (extraction.state, extraction.facts) == ("limited", ())
        assert "searchable, without facts" in extraction.reason


def test_a_page_says_who_wrote_it_and_where_its_links_lead() -> None:
    page = """<html><head><meta charset="utf-8"><meta name="author" content="Edge team">
<meta name="viewport" content="width=1"><meta name=description content="A &amp; B"/></head><body>
<nav><a href="/about">About the company</a></nav></footer><h1>Relay</h1>
<p>Read the <a href="https://example.org/pm?a=1&amp;b=2">post-mortem of <b>incident</b> 17</a>, <a href="x">here</a>,
<a>no target at all</a> <a href="/y"></a><a href="/card"><div>a whole card</div></a></p>
<aside><a href="/z">another page</a></aside><p><a href="/open">left open at the end</p></body></html>"""
    extraction = read(page, "relay.html")

    assert said(extraction) == [
        ("relay", "author", "Edge team"),
        ("relay", "description", "A & B"),
        ("Relay", "post-mortem of incident 17", "https://example.org/pm?a=1&b=2"),
    ]
    assert facts(extraction, "field")[0].quote == '<meta name="author" content="Edge team">'
    assert facts(extraction, "link")[0].quote.startswith('<a href="https://example.org/pm?a=1&amp;b=2">post-mortem')
