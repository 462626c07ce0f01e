"""JSON, YAML, TOML and JSON Lines as fields, each with the place where it stands."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from indexer.model import Extraction
from tests.indexer.reading import facts, read, said

ROOT = Path(__file__).resolve().parents[2]

SAME = {
    "service.json": '{"name": "relay", "limits": {"timeout": 30, "hosts": ["a", "b"]}, "tls": true, "note": null}',
    "service.yaml": "name: relay\nlimits:\n  timeout: 30\n  hosts:\n    - a\n    - b\ntls: true\nnote: null\n",
    "service.toml": 'name = "relay"\ntls = true\n[limits]\ntimeout = 30 # seconds\n'
    'hosts = [\n  "a", # first\n  "b",\n]\n',
}


@pytest.mark.parametrize("path", SAME)
def test_a_leaf_belongs_to_the_object_that_has_a_name(path: str) -> None:
    assert sorted(said(read(SAME[path], path))) == sorted(
        [
            ("service", "name", "relay"),
            ("relay > limits", "timeout", "30"),
            ("relay > limits", "hosts", "a"),
            ("relay > limits", "hosts", "b"),
            ("relay", "tls", "true"),
        ]
    )


@pytest.mark.parametrize("path", SAME)
def test_a_leaf_is_quoted_with_its_key_on_its_line(path: str) -> None:
    extraction = read(SAME[path], path)
    (timeout,) = [f for f in facts(extraction) if f.key == "timeout"]

    assert "timeout" in timeout.quote
    assert timeout.quote.endswith("30")
    assert SAME[path].splitlines()[timeout.start_line - 1].strip().startswith(timeout.quote[:8].strip()) or (
        path.endswith(".json")
    )
    assert timeout.pointer == "/limits/timeout"


def test_without_a_name_the_keys_above_are_the_subject_and_at_the_top_the_file() -> None:
    found = said(read('{"debug": false, "pool": {"size": 5}, "rows": [{"id": "r1", "x": 1}, {"x": 2}]}', "app.json"))

    assert found == [
        ("app", "debug", "false"),
        ("pool", "size", "5"),
        ("rows", "id", "r1"),
        ("r1", "x", "1"),
        ("rows > item 2", "x", "2"),
    ]


def test_rows_without_a_name_go_by_what_tells_them_apart() -> None:
    text = '{"runs": [{"ok": 1, "mb": 64, "ms": 41}, {"ok": 1, "mb": 128, "ms": 41}, {"ok": 1, "mb": 256, "ms": 28}]}'
    long_names = '[{"k": "%s"}, {"k": "b"}, {"k": "c"}]' % ("a" * 61)

    assert said(read(text, "x.json"), "field")[2:4] == [("runs > mb 128", "ok", "1"), ("runs > mb 128", "ms", "41")]
    assert said(read(long_names, "x.json"), "field")[0][0] == "item 1"


def test_a_row_of_nothing_but_its_label_keeps_it() -> None:
    assert said(read('[{"k": "a"}, {"k": "b"}, {"k": "c"}]', "x.json"), "field") == [
        ("k a", "k", "a"),
        ("k b", "k", "b"),
        ("k c", "k", "c"),
    ]


def test_a_file_with_a_telling_folder_and_an_empty_name_is_called_after_its_folder() -> None:
    assert said(read('{"debug": true}', "relay/config.json")) == [("relay", "debug", "true")]


def test_escapes_in_json_are_read_and_quoted_as_they_stand() -> None:
    (fact,) = facts(read('{"path\\/x": "a\\tb\\u00e9"}', "x.json"))

    assert (fact.key, fact.value, fact.quote) == ("path/x", "a bé", '"path\\/x": "a\\tb\\u00e9"')
    assert fact.pointer == "/path~1x"


@pytest.mark.parametrize(
    "text",
    ["{", "[1,]", '{"a" 1}', '{"a": 1 "b": 2}', "[1 2]", "{1: 2}", '{"a": 1} x', '"\\ud800\\q"', "nope", "[" * 5_000],
)
def test_what_is_no_json_states_nothing_and_is_searchable(text: str) -> None:
    extraction = read(text, "broken.json")

    assert extraction.facts == ()
    assert extraction.state == "limited"
    assert "JSON" in extraction.reason or "nested" in extraction.reason
    assert extraction.passages


def test_empty_objects_and_scalars_at_the_top_are_json_too() -> None:
    assert said(read('{"a": {}, "b": []}', "x.json")) == []
    assert said(read("5", "limit.json")) == [("limit", "value", "5")]


def test_json_lines_are_read_one_by_one_and_bad_ones_counted() -> None:
    extraction = read('{"name": "a", "ms": 5}\n\nnot json\n{"name": "b", "ms": 7}\n', "runs.jsonl")

    assert ("a", "ms", "5") in said(extraction)
    assert [f.start_line for f in facts(extraction) if f.key == "ms"] == [1, 4]
    assert (extraction.state, extraction.reason) == ("limited", "1 lines are not valid JSON")
    assert read('{"a": 1}\n', "one.jsonl").state == "ok"


INI = """\
; a comment
port = 80
# another
[worker]
name = label-worker
  keep hours = 30 ; until it is full
color: blue # of the label
url = http://h/#part
empty =
export TOKEN="a b"
no setting here
[ bad [section]
"""


def test_the_lines_of_an_ini_file_are_fields_of_their_section() -> None:
    extraction = read(INI + "x = " + "y" * 3_000 + "\n", "a/worker.ini")

    assert said(extraction) == [
        ("worker", "port", "80"),
        ("worker", "name", "label-worker"),
        ("label-worker", "keep hours", "30"),
        ("label-worker", "color", "blue"),
        ("label-worker", "url", "http://h/#part"),
        ("label-worker", "TOKEN", "a b"),
    ]
    assert facts(extraction)[2].quote == "keep hours = 30"
    assert facts(extraction)[2].pointer == "/worker/keep hours"


def test_an_alias_is_not_expanded() -> None:
    laughs = "a: &a [lol, lol]\n" + "".join(
        f"{n}: &{n} [*{p}, *{p}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True)
    )

    assert len(read(laughs, "laughs.yaml").facts) == 2


def test_yaml_reads_several_documents_complex_keys_and_strings_that_look_like_nothing() -> None:
    extraction = read('a: "null"\nb: ~\n? [x, y]\n: 5\nc: |\n  long\n  text\n---\nd: 1\n', "x.yaml")

    assert ("x", "a", "null") in said(extraction)
    assert ("x", "c", "long text") in said(extraction)
    assert [f.pointer for f in facts(extraction) if f.key == "d"] == ["/1/d"]
    assert not [f for f in facts(extraction) if f.key == "b"]


@pytest.mark.parametrize("text", ["a: [", "a: b: c", "\x01", "{" * 500, "a: 'open"])
def test_what_is_no_yaml_states_nothing(text: str) -> None:
    extraction = read(text, "x.yaml")

    assert (extraction.facts, extraction.state) == ((), "limited")


def test_a_yaml_error_without_a_place_is_an_error_all_the_same() -> None:
    assert read("a: \x01", "x.yaml").reason.startswith("not valid YAML")
    assert read("a: b: c", "x.yaml").reason == "not valid YAML at line 1"


@pytest.mark.parametrize(
    "text",
    ["= 1", "a", "a = ", "a = 'x", "a = [1", "a = {b = 1", "[t", "[[t]", "a = 1 b = 2", "a.b.", "a = 1\n]", 'a = "\n"',
     "a = " + "[" * 200, ".".join("a" * 200) + " = 1"],
)  # fmt: skip
def test_what_is_no_toml_states_nothing(text: str) -> None:
    extraction = read(text, "x.toml")

    assert (extraction.facts, extraction.state) == ((), "limited")


TOML = r'''
title = "x"
"quoted key" = 1
'lit'.sub = 2
[a.b]
d = 1979-05-27 07:32:00
t = 07:32:00
i = { x = 1, y = [ {z = 3} ] }
[[p]]
name = 'one'
m = """
first \
   second
"""
[p.q]
r = 'raw \n'
l = \'\'\'
raw\'\'\'
[[p]]
name = "t\"w\u00f6"
e = "\U0001F600"
f = 1_000
g = [ ]
h = {}
'''.replace("\\'", "'")


def test_toml_is_read_as_the_standard_parser_reads_it() -> None:
    text = TOML
    ours = {f.pointer: f.value for f in facts(read(text, "x.toml"))}

    theirs = dict(leaves(tomllib.loads(text)))
    assert ours.keys() == theirs.keys()
    assert ours["/p/0/m"] == "first second"
    assert ours["/p/1/name"] == theirs["/p/1/name"]
    assert ours["/p/0/q/r"] == "raw \\n"
    assert ours["/p/1/e"] == "\\U0001F600"  # an escape that is left as it stands


def test_our_own_project_file_is_read_as_the_standard_parser_reads_it() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    ours = {f.pointer: f.value for f in facts(read(text, "pyproject.toml"), "field")}
    theirs = {pointer: " ".join(str(value).split()) for pointer, value in leaves(tomllib.loads(text)) if value != ""}

    def shown(value: str) -> str:
        return {"True": "true", "False": "false"}.get(value, value)

    assert {pointer: shown(value)[:200] for pointer, value in theirs.items()} == {
        pointer: value[:200] for pointer, value in ours.items()
    }


def leaves(value: Any, pointer: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [
            leaf
            for key, each in value.items()
            for leaf in leaves(each, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
        ]
    if isinstance(value, list):
        return [leaf for index, each in enumerate(value) for leaf in leaves(each, f"{pointer}/{index}")]
    return [] if value is None else [(pointer, value)]


def is_told_by_subject(extraction: Extraction, pointer: str) -> bool:
    """Return whether the other leaves of a row have the key of the leaf at *pointer* in their subject."""
    row, _, key = pointer.rpartition("/")
    key = " ".join(key.replace("~1", "/").replace("~0", "~").split())
    beside = [f.subject for f in facts(extraction) if f.pointer and f.pointer.startswith(f"{row}/")]
    return bool(beside) and all(key in subject for subject in beside)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text('ab "\\/\nü😀', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab_/", min_size=1, max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON_VALUES, st.sampled_from([None, 1]), st.booleans())
def test_every_leaf_of_any_json_is_found_where_it_stands(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    extraction = read(text, "x.json")

    expected = {pointer for pointer, leaf in leaves(value) if str(leaf).strip()}
    found = {f.pointer for f in facts(extraction, "field")}
    assert found <= expected
    assert all(is_told_by_subject(extraction, pointer) for pointer in expected - found)
    assert all(text[f.start : f.end] == f.quote for f in extraction.facts)


@given(JSON_VALUES.filter(lambda value: isinstance(value, dict | list)))
def test_every_leaf_of_any_yaml_is_found(value: Any) -> None:
    text = yaml.safe_dump(value, allow_unicode=True)
    extraction = read(text, "x.yaml")

    expected = {pointer for pointer, leaf in leaves(value) if str(leaf).strip()}
    found = {f.pointer for f in facts(extraction, "field")}
    assert found <= expected
    assert all(is_told_by_subject(extraction, pointer) for pointer in expected - found)


def test_a_name_that_objects_in_several_places_have_is_told_with_the_keys_above_it() -> None:
    routes = "".join(
        f"  /{route}:\n    parameters:\n      - name: limit\n        default: {default}\n"
        for route, default in (("ramps", 20), ("gates", 50))
    )
    found = read(f"routes:\n{routes}owner:\n  name: Ada\n  since: 2019\n", "api.yaml")

    assert [one for one in said(found, "field") if one[1] in {"default", "since"}] == [
        ("routes > /ramps > parameters > limit", "default", "20"),
        ("routes > /gates > parameters > limit", "default", "50"),
        ("Ada", "since", "2019"),
    ]
    assert [fact.entity for fact in facts(found, "field") if fact.key in {"default", "since"}] == [False, False, True]
