"""Which files of the folder are none of the workspace's business, in git's own syntax.

The settings' list comes first, then `.gitignore` and `.workspaceignore` of each directory from the root down; the last
line that matches decides, and what lies in an ignored directory is ignored. Lines are read by pathspec; its regexes are
rewritten so that no line and no name, however hostile, makes matching take longer than linear in the name's length.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore.base import GitIgnorePatternError

from workspace_server.core.paths import STATE_DIRECTORIES

CONTROL_FILES = (".gitignore", ".workspaceignore")
"""Files that say what is ignored below their directory; the later one wins."""
CONTROL_BYTES_MAX = 256 * 1024
LINES_MAX = 5_000
"""Most lines of one list; what follows is left out."""
_DEEP_MAX = 3  # times `**` in one line: each multiplies the work by the depth
_LEVELS_MAX = 20_000

# What pathspec's regexes are made of.
_ANY_DEPTH = "(?:.+/)?"
_ANY_DEPTH_BETWEEN = "(?:/.+)?/"
_DIRECTORY = "(?P<ps_d>/)"
_TAIL = re.compile(r"/\??\\Z$")
_ENTRY = f"(?:{_DIRECTORY}|$)"
# A star that another one follows in the same name: closed at the first place that fits, it need never be opened again.
# A name ends at a slash, and at what stands here for any depth.
_STAR_BEFORE_STAR = re.compile(r"\[\^/\]\*((?:\[\^/\](?!\*)|[^/\0\1])*?)(?=\[\^/\]\*)")


def is_control_file(path: str) -> bool:
    """Return whether the file at *path* says what is ignored."""
    return path.rpartition("/")[2] in CONTROL_FILES


class _Line(NamedTuple):
    """One line: its place in the order, whether it ignores or takes back, and what it matches."""

    order: int
    ignores: bool
    regex: str


class _List:
    """The lines of one list, matched against paths relative to its directory."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._by_name: list[tuple[_Line, re.Pattern[str]]] = []
        self._by_path: list[tuple[_Line, re.Pattern[str]]] = []
        for line in _parsed(lines):
            # Most lines name no directory: they need to see the last name only, which is far quicker.
            name = line.regex.removeprefix("^(?:[^/]+/)*?")
            if name != line.regex and "/" not in _TAIL.sub("", name).replace("[^/]", ""):
                self._by_name.append((line, re.compile(name)))
            else:
                self._by_path.append((line, re.compile(line.regex)))
        self._any_name = re.compile("|".join(f"(?:{compiled.pattern})" for _, compiled in self._by_name) or r"(?!)")

    def decides(self, path: str, name: str) -> bool | None:
        """Return whether a path (its directories end in `/`) is ignored; None when no line speaks of it."""
        last: _Line | None = None
        if self._any_name.match(name):
            last = max(line for line, compiled in self._by_name if compiled.match(name))
        for line, compiled in reversed(self._by_path):
            if last is not None and line.order < last.order:
                break
            if compiled.search(path):
                last = line
                break
        return None if last is None else last.ignores


class Level:
    """One directory that is not ignored: answers for what stands in it."""

    def __init__(self, lists: tuple[tuple[str, _List], ...], directory: str) -> None:
        self._lists = lists  # nearest first, each with the prefix of its directory
        self._directory = directory

    def ignores(self, name: str, *, is_directory: bool) -> bool:
        """Return whether the entry *name* of this directory is ignored."""
        if not self._directory and name in STATE_DIRECTORIES:
            return True
        shown = name + "/" if is_directory else name
        path = f"{self._directory}/{shown}" if self._directory else shown
        for prefix, lines in self._lists:
            verdict = lines.decides(path[len(prefix) :], shown)
            if verdict is not None:
                return verdict
        return False


class Ignore:
    """The rules in force for one folder, read as they are needed and kept until `forget`.

    Args:
        defaults: The settings' list; it comes first.
        read: Returns the text of the control file at a path, or None where there is none.
    """

    def __init__(self, defaults: Iterable[str], read: Callable[[str], str | None]) -> None:
        self._defaults = _List(defaults)
        self._read = read
        self._levels: dict[str, tuple[Level | None, tuple[tuple[str, _List], ...]]] = {}

    def ignored(self, path: str, *, is_directory: bool = False) -> bool:
        """Return whether a canonical path is ignored; blocks for control files it has not read yet.

        A control file itself is ignored only with its directory: else nobody could repair one that says `*`.
        """
        directory, _, name = path.rpartition("/")
        level = self.level(directory)
        if level is None:
            return True
        return name not in CONTROL_FILES and level.ignores(name, is_directory=is_directory)

    def level(self, directory: str) -> Level | None:
        """Return the rules for what stands in *directory* (the root is the empty string); None when it is ignored."""
        return self._known(directory)[0]

    def forget(self) -> None:
        """Read the control files again: one has changed, or may have."""
        self._levels.clear()

    def _known(self, directory: str) -> tuple[Level | None, tuple[tuple[str, _List], ...]]:
        known = self._levels.get(directory)
        if known is None:
            if len(self._levels) >= _LEVELS_MAX:
                self._levels.clear()
            known = self._levels[directory] = self._entered(directory)
        return known

    def _entered(self, directory: str) -> tuple[Level | None, tuple[tuple[str, _List], ...]]:
        if directory:
            above, _, name = directory.rpartition("/")
            level, lists = self._known(above)
            if level is None or level.ignores(name, is_directory=True):
                return None, ()
        else:
            lists = (("", self._defaults),)
        prefix = f"{directory}/" if directory else ""
        own = [(prefix, _List(text.splitlines())) for text in map(self._read, self._controls(prefix)) if text]
        lists = (*reversed(own), *lists)
        return Level(lists, directory), lists

    @staticmethod
    def _controls(prefix: str) -> Iterator[str]:
        return (prefix + name for name in CONTROL_FILES)


def _parsed(lines: Iterable[str]) -> Iterator[_Line]:
    for order, text in enumerate(lines):
        if order >= LINES_MAX:
            return
        if text.count("**") > _DEEP_MAX:
            continue
        if text.rstrip().endswith("/**/"):  # git: the directories in it; pathspec: it as a whole
            text = text.rstrip() + "*/"  # noqa: PLW2901 - the same line, said more clearly
        try:
            patterns = GitIgnoreSpec.from_lines([text]).patterns
        except (GitIgnorePatternError, ValueError, re.error):
            continue  # git too passes over a line that it cannot read
        for pattern in patterns:
            regex = getattr(pattern, "regex", None)
            if pattern.include is not None and regex is not None:
                yield _Line(order, pattern.include, hardened(regex.pattern))


def hardened(regex: str) -> str:
    """Return pathspec's regex for one entry at a time, without the ways in which it takes more than linear time."""
    regex = regex.replace(_ENTRY, "/?\\Z").replace(_DIRECTORY, "/\\Z")
    if regex.endswith("/"):  # `x/**` is what lies in x, not x itself
        regex += "."
    regex = regex.replace(_ANY_DEPTH, "\0").replace(_ANY_DEPTH_BETWEEN, "\1")
    regex = _STAR_BEFORE_STAR.sub(r"(?>[^/]*?\1)", regex)
    return regex.replace("\0", "(?:[^/]+/)*?").replace("\1", "(?:/[^/]+)*?/")
