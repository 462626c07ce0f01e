"""The promise on which every citation rests: what is quoted stands at its place."""

from hypothesis import given
from hypothesis import strategies as st

from indexer.document import decode
from indexer.extraction import extract
from indexer.processes.messages import answer, answered

PATHS = st.sampled_from(
    "a.md a.txt a.csv a.tsv a.json a.jsonl a.yaml a.toml a.html a.py a.log a.xml a.rst a.ipynb a.ini b/facts.md"
    " a.c a.cpp a.cs a.go a.java a.js a.php a.rb a.rs a.sh a.ts a.tsx".split()
)
LINES = (
    r'''
# Relay
## Decisions
- Port: 80
- **Owner**: D\u00e4n\u00e4
License: MIT
The wait is about 1,200 ms. It costs $5 on 2026-01-02.
TODO: do it
- [fact] a #b (c)
- uses [[Other]]
---
===
a: 1
  b: [x, "y"]
{"cells": [{"cell_type": "markdown", "source": ["# T\\n", "Owner: \\"D\\""]}]}
{"name": "n", "k": [1, "\u00e9\U0001f600"]}
[t]
k = 'v'
m = """
a,b,c
"x ""y""",2,3
<table><tr><th>A<th>B<tr><td>x<td>&eacute;1</table>
<h1>T &amp; U</h1><p>Owner: <b>D</b></p><dl><dt>a<dd>b</dl>
<a b="c"><d>e&amp;</d></a>
def f(a: int = 1) -> str:
    "doc"
class C:
  x = 1
/** Says \u00e9 once. */
export class D\u00e4 { run(x) { return 1; } // TODO: more
func (s *S) Run() error {
pub fn go() -> u8 { 1 }
readonly K=1
run() {
<?php
```
> q
: d
| a | b |
|---|---|
| x | y |
'''.strip("\n")
    .encode("ascii")
    .decode("unicode_escape")
    .split("\n")
)
PIECES = st.sampled_from([*LINES, *(line + "\n" for line in LINES)]) | st.sampled_from(
    ["\n", "\r\n", "\r", "<!--", '"', "\u2028", "\ufeff", "\u200b", "\x0c", "\t"]
)
TEXTS = st.lists(PIECES | st.text(max_size=8), max_size=14).map("".join)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"])


@given(TEXTS, PATHS, ENCODINGS)
def test_every_quote_stands_at_its_span_and_on_its_lines(text: str, path: str, encoding: str) -> None:
    data = text.encode(encoding, "replace")
    extraction = extract(data, path=path)
    assert answered(answer(extraction)) == extraction  # nothing that is found is out of a message's bounds
    if not extraction.facts:
        return
    decoded = decode(data, path=path).text

    assert extraction.dropped == 0
    for fact in extraction.facts:
        assert decoded[fact.start : fact.end] == fact.quote
        assert fact.quote.strip()
        assert fact.value
        assert fact.subject
        assert fact.start_line == decoded.count("\n", 0, fact.start) + 1
        assert fact.end_line == decoded.count("\n", 0, fact.end - 1) + 1


@given(TEXTS, PATHS)
def test_every_passage_stands_on_its_lines(text: str, path: str) -> None:
    extraction = extract(text.encode("utf-8", "replace"), path=path)
    last = 1
    for passage in extraction.passages:
        assert last <= passage.start_line <= passage.end_line <= extraction.lines
        assert passage.text.strip()
        last = passage.start_line if path.endswith("html") else passage.end_line


@given(st.binary(max_size=200), PATHS)
def test_no_bytes_make_an_extractor_fail(data: bytes, path: str) -> None:
    assert extract(data, path=path).state in {"ok", "empty", "limited", "failed"}
