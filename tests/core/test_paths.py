"""Paths: one canonical spelling for each file, and a reason for every refusal."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace_server.core.paths import canonical_directory, canonical_file, fold, parents
from workspace_server.errors import InvalidPath

HOSTILE: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "data" / "hostile_paths.json").read_text(encoding="utf-8")
)["paths"]

# What docs/paths.md says of the entries whose rule is ours to choose. What a path means on disk (links, specials) or to
# the ignore rules is decided elsewhere: here such a name is ordinary.
POLICY = {
    "P031": "accept",  # ~root/.bashrc: nothing expands it
    "P033": "accept",  # ${HOME}/x
    "P085": "accept",  # - : no file name is ever put into an argv
    "P087": "accept",
    "P089": "accept",
    "P091": "accept",  # a>b
    "P093": "accept",  # a?b
    "P095": "accept",  # a"b
    "P117": "accept",  # the ligature; collides with file.md
    "P121": "reject",  # U+2044 looks like a slash
    "P127": "accept",  # İstanbul
    "P129": "accept",  # mixed script
    "P133": "accept",  # 361 bytes in NFD, half in NFC
    "P145": "reject",  # a backslash
    "P147": "accept",  # a%20b.md, literally
    "P149": "reject",  # . where a file is meant
    "P151": "reject",  # /
    "P159": "reject",  # 40 levels
    "P171": "reject",  # git~1
    "P173": "accept",
    "P177": "accept",
    "P179": "accept",
    "P181": "accept",
    "P183": "accept",
    "P185": "accept",
    "P187": "accept",
    "P189": "accept",
    "P191": "accept",
    "P193": "accept",
    "P197": "accept",
}
NORMALISED = {"P115": "caf\u00e9.md", "P153": "a/b", "P155": "a"}
ON_DISK = {"symlink", "special", "type", "race"}


def refused(raw: str) -> str:
    with pytest.raises(InvalidPath) as caught:
        canonical_file(raw)
    json.dumps(caught.value.as_dict()).encode()
    str(caught.value.facts["path"]).encode()
    return str(caught.value.facts["reason"])


@pytest.mark.parametrize("entry", HOSTILE, ids=lambda entry: entry["id"])
def test_every_hostile_path_is_treated_as_the_list_says(entry: dict[str, Any]) -> None:
    path = entry["path"]
    expect = POLICY[entry["id"]] if entry["expect"] == "policy" else entry["expect"]
    if entry["class"] in ON_DISK or expect in {"accept", "accept-but-escape"}:
        assert canonical_file(path) == unicodedata.normalize("NFC", path)
    elif expect == "normalise-or-reject":
        assert canonical_file(path) == NORMALISED[entry["id"]]
    else:
        assert refused(path)


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("./a", "a"),
        ("././a/b", "a/b"),
        (".//a", "a"),
        ("a//b///c", "a/b/c"),
        ("a/", "a"),
        ("a//", "a"),
        ("cafe\u0301", "caf\u00e9"),
        ("100%", "100%"),
        ("50%25", "50%25"),
        ("a%2fb", "a%2fb"),
        ("\u4f1a\u8bae\uff1a\u7eaa\u8981.md", "\u4f1a\u8bae\uff1a\u7eaa\u8981.md"),
        ("\u2764\ufe0f.md", "\u2764\ufe0f.md"),
        ("*.md", "*.md"),
        (".github/x", ".github/x"),
        (".gitignore", ".gitignore"),
        ("console.log", "console.log"),
        ("com10", "com10"),
        ("digit~1", "digit~1"),
        ("...a", "...a"),
    ],
)
def test_one_file_has_one_spelling(raw: str, canonical: str) -> None:
    assert canonical_file(raw) == canonical


@pytest.mark.parametrize(
    "raw",
    [
        "",
        ".",
        "./",
        "/",
        "//",
        "./.",
        "a/./b",
        "a/../b",
        "a/..",
        "nul",
        "NUL.txt",
        "x/Con.tar.gz",
        "com\u00b2.txt",
        "lpt\u00b3",
        "\uff43\uff4f\uff4e",
        "clock$",
        ".git",
        ".Git/x",
        "sub/.git/config",
        "sub/.WORKSPACE/x",
        "\uff0egit/config",
        "GIT~1",
        "WORKSP~1/db",
        "WO12AB~1",
        "a\x7fb",
        "a\ufeffb",
        "a\u3164b",
        "a\u2066b",
        "%00",
        "a%5cb",
        "%2Fetc/passwd",
        "x/%252e%252e/y",
        "a%2f%2fb",
        "%c0%ae%c0%ae/x",
        "%43%4f%4e",
        "%2egit/config",
        "a%20",
        "\u2100",
        "a\u00a0",
        "x" * 256,
        "x/" * 31 + "y" * 1000,
        "x/" * 32 + "y",
        "x" * 10_000_000,
    ],
)
def test_what_could_mean_something_else_is_refused_with_a_reason(raw: str) -> None:
    assert refused(raw)


def test_the_limits_hold_at_their_edge() -> None:
    assert canonical_file("/".join(["d"] * 32))
    assert refused("/".join(["d"] * 33)) == "is more than 32 levels deep"
    assert canonical_file("x" * 255)
    assert refused("x" * 256) == "has a name longer than 255 bytes"
    assert canonical_file("/".join(["x" * 255] * 4))
    assert refused("/".join(["x" * 255] * 4) + "/y") == "is longer than 1024 bytes"


@pytest.mark.parametrize("raw", ["", ".", "./", "/"])
def test_the_root_has_four_spellings_where_a_directory_is_meant(raw: str) -> None:
    assert canonical_directory(raw) == ""


def test_a_directory_obeys_the_rules_of_a_file() -> None:
    assert canonical_directory("a/b/") == "a/b"
    with pytest.raises(InvalidPath):
        canonical_directory("../a")
    with pytest.raises(InvalidPath):
        canonical_directory("//")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("README.md", "readme.MD"),
        ("\ufb01le.md", "file.md"),
        ("stra\u00dfe", "STRASSE"),
        ("caf\u00e9", "cafe\u0301"),
        ("\u2764\ufe0f", "\u2764"),
        ("\u03a3", "\u03c2"),
        ("\u212b", "\u00e5"),
    ],
)
def test_names_that_look_alike_share_a_key(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_names_that_differ_have_different_keys() -> None:
    assert len({fold(name) for name in ["a", "b", "a/b", "ab", "a.b", "\u043f\u0430ypal", "paypal"]}) == 7


def test_the_directories_above_a_path_are_named_nearest_first() -> None:
    assert parents("a/b/c.md") == ["a/b", "a"]
    assert parents("c.md") == []


names = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from("aB./\\%25eE:~ \u0301\uff0f\u2024")), min_size=0, max_size=40
)


@given(names)
def test_a_canonical_path_is_its_own_canonical_path(raw: str) -> None:
    try:
        path = canonical_file(raw)
    except InvalidPath:
        return
    assert canonical_file(path) == path
    assert unicodedata.is_normalized("NFC", path)
    assert not set(path.split("/")) & {"", ".", ".."}
    path.encode()


@given(names)
def test_folding_twice_is_folding_once(raw: str) -> None:
    assert fold(fold(raw)) == fold(raw)


@pytest.mark.parametrize("character", ["\uffff", "\ufffe", "\U0010ffff", "\ufdd0", "\ufdef"], ids=ascii)
def test_code_points_that_are_no_characters_are_refused(character: str) -> None:
    with pytest.raises(InvalidPath):
        canonical_file(f"a/{character}b.md")


def test_what_is_harmless_after_two_decodings_is_an_ordinary_name() -> None:
    assert canonical_file("a%2520b.md") == "a%2520b.md"
