"""What stands at the top of a file: read as it was written, or left alone; it never costs the rest of the file."""

import json

import yaml
from hypothesis import strategies as st

from tests.fuzz.drawing import fuzzed
from tests.indexer.reading import read, said
from workspace_server.interfaces.web.files.render.markdown import render_markdown

BODY = "\n# Ferry\n\nCaptain: Ada Lovelace\n"
TOLD = ("Ferry", "Captain", "Ada Lovelace")
PIECES = st.sampled_from(
    [
        "---",
        "...",
        "\n",
        "a: ",
        "- ",
        "&x ",
        "*x ",
        "!!python/object:os.system ",
        "<<: ",
        "{",
        "}",
        "[",
        "]",
        "'",
        '"',
        "|",
        ">",
        "? ",
        "#",
        "\t",
        "  ",
        "%YAML 9.9",
        "\u2028",
        "\x00",
        "\ufeff",
        "é",
        "1e999",
        "0x",
        "2026-13-45",
        "\\",
        "<script>",
    ]
)
HOSTILE = st.one_of(
    st.lists(PIECES, max_size=14).map("".join),
    st.text(max_size=60),
    st.builds(lambda piece, times: piece * times, PIECES, st.integers(1, 400)),
)
KEYS = st.text("abcdefgh", min_size=2, max_size=8)
VALUES = st.text("abcdefgh xyz", min_size=1, max_size=12).map(str.strip).filter(lambda text: len(text) > 2)


@fuzzed(written=st.dictionaries(KEYS, VALUES, min_size=1, max_size=5))
def test_front_matter_is_told_as_it_was_written(written: dict[str, str]) -> None:
    text = f"---\n{yaml.safe_dump(written, sort_keys=False)}---\n{BODY}"
    told = said(read(text, path="notes.md"), "field")
    named = {key: " ".join(value.split()) for _, key, value in told}
    assert {key: value for key, value in named.items() if key in written} == {
        key: " ".join(value.split()) for key, value in written.items()
    }


@fuzzed(hostile=HOSTILE, ends=st.sampled_from(["\n", "\r\n"]))
def test_whatever_stands_there_the_rest_is_told(hostile: str, ends: str) -> None:
    text = f"---\n{hostile}\n---\n{BODY}".replace("\n", ends)
    found = read(text, path="notes.md")
    assert found == read(text, path="notes.md")
    for fact in found.facts:
        assert text[fact.start : fact.end] == fact.quote
    lines = hostile.replace("\r", "\n").split("\n")
    if "\0" not in text and not any(
        line.strip() in {"---", "..."} or line.startswith(("|", "    ", "<", "`", "~")) for line in lines
    ):
        assert TOLD in said(found), json.dumps(text)


@fuzzed(hostile=HOSTILE, fenced=st.booleans())
def test_whatever_stands_there_is_shown_without_a_script(hostile: str, fenced: bool) -> None:
    text = f"---\n{hostile}\n---\n{BODY}" if fenced else hostile + BODY
    shown = render_markdown(text, "notes.md")
    for html in (shown.html, *shown.front_matter):
        assert "<script" not in html
        assert "javascript:" not in html.lower() or "href" not in html
