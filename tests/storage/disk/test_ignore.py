"""What is none of the workspace's business, in git's syntax."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from workspace_server.config import Settings
from workspace_server.storage.disk.ignore import Ignore, is_control_file


def rules(controls: dict[str, str] | None = None, defaults: tuple[str, ...] = ()) -> Ignore:
    return Ignore(defaults, (controls or {}).get)


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        "sub/.git/x",
        "node_modules/a/b.js",
        ".venv/bin/python",
        "__pycache__/x.pyc",
        "x.pyc",
        "a/.DS_Store",
        ".draft.md.swp",
        "notes.md~",
        ".#lock",
        "#draft.md#",
        ".workspace/db",
    ],
)
def test_the_defaults_leave_out_what_nobody_wants(path: str) -> None:
    assert rules(defaults=Settings().ignore).ignored(path)


@pytest.mark.parametrize("path", ["draft.md", ".gitignore", "src/node.py", "a/b.md", "sub/.workspace", "draft.md.lock"])
def test_the_defaults_leave_ordinary_files_alone(path: str) -> None:
    assert not rules(defaults=Settings().ignore).ignored(path)


def test_a_nested_list_overrules_the_ones_above() -> None:
    ignore = rules({".gitignore": "*.log\n", "keep/.gitignore": "!*.log\n"})
    assert ignore.ignored("x.log")
    assert ignore.ignored("a/x.log")
    assert not ignore.ignored("keep/x.log")


def test_the_servers_own_list_overrules_gits_in_the_same_directory() -> None:
    ignore = rules({".gitignore": "out/\n", ".workspaceignore": "!out/\nprivate.md\n"})
    assert not ignore.ignored("out/x.md")
    assert ignore.ignored("private.md")


def test_nothing_is_taken_back_from_below_an_ignored_directory() -> None:
    ignore = rules({".gitignore": "build/\n!build/keep.md\n", "build/.gitignore": "!*\n"})
    assert ignore.ignored("build/keep.md")


def test_a_control_file_is_not_hidden_by_itself() -> None:
    ignore = rules({".gitignore": "*\n"})
    assert ignore.ignored("x")
    assert not ignore.ignored(".gitignore")


def test_a_changed_control_file_is_read_again() -> None:
    controls = {".gitignore": "x\n"}
    ignore = rules(controls)
    assert ignore.ignored("x")
    controls[".gitignore"] = "y\n"
    ignore.forget()
    assert not ignore.ignored("x")


def test_control_files_are_known_in_every_directory() -> None:
    assert [is_control_file(path) for path in (".gitignore", "a/.workspaceignore", "a/x")] == [True, True, False]


def test_lines_that_mean_nothing_are_passed_over() -> None:
    ignore = rules({".gitignore": "# comment\n\n[\n!\n/\nx\\\n**/**/**/**/y\nz\n"})
    assert ignore.ignored("z")
    assert not ignore.ignored("comment")


def test_a_hostile_line_takes_no_exponential_time() -> None:
    ignore = rules({".gitignore": "*a" * 100 + "b\n" + "a/**/a/**/a/**/b\n" + "/*a*a*a*a*a*a*a*b/*a*a*a*a*b\n"})
    for path in ("a" * 255, "/".join(["a" * 31] * 32), "/".join(["a"] * 32)):
        assert not ignore.ignored(path)


parts = st.sampled_from(["a", "b", "*", "a*", "*b", "?", "[ab]", "[!a]", "**", "*a*b*", "ab"])
lines = st.tuples(
    st.sampled_from(["", "!", "/", "!/"]),
    st.lists(parts, min_size=1, max_size=3).map("/".join),
    st.sampled_from(["", "/"]),
).map("".join)
names = st.sampled_from(["a", "b", "ab", "ba", "aab", "c"])
paths = st.lists(names, min_size=1, max_size=4).map("/".join)


@given(
    # pathspec takes `x/**/` for x as a whole; git, and so we, for the directories in it.
    st.lists(lines.filter(lambda line: not line.endswith("**/")), min_size=1, max_size=4),
    paths,
)
@example(["a", "a*/**/*b"], "ab/ba/b")
@example(["a", "*/", "!b"], "b/ab/b")
def test_pathspec_agrees_entry_by_entry(some: list[str], path: str) -> None:
    spec = GitIgnoreSpec.from_lines(some)
    expected = False
    above = ""
    for name in path.split("/"):
        entry = above + name if above + name == path else f"{above}{name}/"
        last = [
            pattern.include
            for pattern in spec.patterns
            if pattern.include is not None and pattern.regex is not None and speaks_of(pattern.regex, entry)
        ]
        if last and last[-1]:
            expected = True
            break
        above = entry
    assert rules({".gitignore": "\n".join(some)}).ignored(path) == expected


def speaks_of(regex: re.Pattern[str], entry: str) -> bool:
    """Return whether a line matches the entry itself, as git asks, and not only a directory above it."""
    ends = [found.end() for found in regex.finditer(entry)]
    below = regex.pattern.endswith("/") and any(end < len(entry) for end in ends)  # `x/**`
    return (regex.pattern == "." and bool(ends)) or below or len(entry) in ends
