r"""What names several files at once: patterns, directories, and the selectors that locks, lists and waits take.

The language is small on purpose: `*` and `?` within one name, `**` as a whole name, `[abc]`, `[!abc]`, `\x` for x
itself, no alternation; leading dots are ordinary. In a trigger `{name}` captures a part of one name. No pattern makes
matching slow: each gap is closed at the first place that fits and never opened again.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from workspace_server.core.globs import Gap, Name, names_meet, tokens_of
from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import ROOT_SPELLINGS, canonical_directory, canonical_file, fold
from workspace_server.core.walks import END, End, Step, reach_their_ends
from workspace_server.errors import InvalidArgument, InvalidPath

OVERLAP_STEPS_MAX = 2_500
"""Most steps of comparing two patterns: a part of a millisecond. Two of 50 characters and gaps each are just within."""
_WILD = re.compile(r"[*?\[\\{]")


_DEEP = None  # `**` among the names of a pattern
_EVERYTHING: Name = (Gap(),)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parsed pattern; make it with `parse_pattern`."""

    text: str
    captures: tuple[str, ...]
    """The names in braces, in the order in which they stand."""
    literal_prefix: str
    """What every matching path begins with: the bounds of a range scan."""
    names: tuple[Name | None, ...] = field(repr=False)
    _regex: str = field(repr=False, compare=False)

    def matches(self, path: str) -> bool:
        """Return whether a canonical path is one of those that the pattern names."""
        return _compiled(self._regex).fullmatch(path) is not None

    def capture(self, path: str) -> dict[str, str] | None:
        """Return what the braces stand for in *path*, or None when it does not match; each takes the least it can."""
        found = _compiled(self._regex).fullmatch(path)
        return None if found is None else found.groupdict()

    def overlaps(self, other: "Pattern") -> bool:
        """Return whether some path may match both; never says no when there is one.

        Two long patterns are taken to overlap, because to find out would keep everybody waiting.
        """
        ours, theirs = self.literal_prefix, other.literal_prefix
        if not (ours.startswith(theirs) or theirs.startswith(ours)):
            return False
        if _weight(self.names) * _weight(other.names) > OVERLAP_STEPS_MAX:
            return True
        return _meet(self.names, other.names)


@lru_cache(maxsize=4_096)
def parse_pattern(text: str, *, captures: bool = False, argument: str = "pattern") -> Pattern:
    """Return the pattern that *text* spells; without wildcards it matches that one path.

    Args:
        text: As a person wrote it; a trailing `/` means all below.
        captures: Whether `{name}` captures a part of a name; otherwise an opening brace is refused, because who writes
            one means alternation, and a pattern that silently matches nothing would lock nothing.
        argument: What the refusal names.

    Raises:
        InvalidArgument: It is no pattern; `reason` says why.
    """
    try:
        return _parsed(unicodedata.normalize("NFC", text), captures)
    except ValueError as error:
        raise InvalidArgument(
            f"'{text[:200]}' is not a pattern: {error}.",
            hint="Use * and ? within a name, ** as a whole name, [abc], [!abc]; write \\x for x itself.",
            argument=argument,
            reason=str(error),
        ) from None


def _parsed(text: str, captures: bool) -> Pattern:
    if len(text) > LIMITS.pattern_chars_max:
        raise ValueError(f"it is longer than {LIMITS.pattern_chars_max} characters")
    names: list[Name | None] = []
    for part in _parts(text):
        if part != "**":
            names.append(tuple(tokens_of(part, captures=captures)))
        elif not names or names[-1] is not _DEEP:
            names.append(_DEEP)
    if names.count(_DEEP) > LIMITS.pattern_stars_max:
        raise ValueError(f"it has more than {LIMITS.pattern_stars_max} times **")
    if names[-1] is _DEEP:
        names.append(_EVERYTHING)  # `a/**` is what lies in a, not a itself
    captured = [token.capture for name in names if name for token in name if isinstance(token, Gap) and token.capture]
    if len(set(captured)) < len(captured):
        raise ValueError("a name in braces stands there twice")
    return Pattern(text, tuple(captured), _literal_prefix(names), tuple(names), _regex(names))


def _parts(text: str) -> list[str]:
    while text.startswith("./"):
        text = text[2:]
    if text.startswith("/"):
        raise ValueError("it is absolute")
    parts = [part for part in text.split("/") if part]
    if text.endswith("/"):
        parts.append("**")
    if not parts:
        raise ValueError("it is empty")
    if {".", ".."} & set(parts):
        raise ValueError("it has the component '.' or '..'")
    return parts


def _literal_prefix(names: Sequence[Name | None]) -> str:
    prefix = ""
    for index, name in enumerate(names):
        if name is _DEEP:
            return prefix
        for token in name:
            if isinstance(token, Gap) or token.negated or len(token.ranges) != 1 or len(set(token.ranges[0])) != 1:
                return prefix
            prefix += token.ranges[0][0]
        prefix += "/" if index + 1 < len(names) else ""
    return prefix


@lru_cache(maxsize=16_384)
def _compiled(regex: str) -> re.Pattern[str]:
    """Compile a regex when it is first matched: most of many patterns never are, and that is half of what one costs."""
    return re.compile(regex)


def _regex(names: Sequence[Name | None]) -> str:
    """Return a regex that never goes back further than one gap: what a `(?>…)` has matched stays matched."""
    regex = ""
    run: list[str] = []
    deep = ""  # what may stand before the run: nothing before the first, any names after a `**`
    for name in names:
        if name is not _DEEP:
            run.append(_name_regex(name))
            continue
        if run:
            regex += f"(?>{deep}{'/'.join(run)}/)"
        run, deep = [], "(?:[^/]+/)*?"
    return f"{regex}{deep}{'/'.join(run)}"


def _name_regex(name: Name) -> str:
    regex = ""
    since_gap = ""
    for token in name:
        if isinstance(token, Gap):
            regex += f"(?>{since_gap})"
            since_gap = ""
        since_gap += token.regex
    # The last gap is closed where the name ends.
    return f"{regex}(?>{since_gap}(?![^/]))" if name != _EVERYTHING else "[^/]+"


def _weight(names: tuple[Name | None, ...]) -> int:
    return sum(1 if name is _DEEP else len(name) for name in names)


@lru_cache(maxsize=4_096)
def _meet(ours: tuple[Name | None, ...], theirs: tuple[Name | None, ...]) -> bool:
    """Return whether some path may match both sequences of names."""
    return reach_their_ends(ours, theirs, _steps)


def _steps(our: Name | End | None, their: Name | End | None) -> Iterator[Step]:
    if our is _DEEP:
        yield 1, 0
        if their != END:
            yield 0, 1
    elif their is _DEEP:
        yield 0, 1
        if our != END:
            yield 1, 0
    elif END not in (our, their) and names_meet(our, their):
        yield 1, 1


@dataclass(frozen=True, slots=True)
class Selector:
    """One entry of what a caller names: a path, a directory with all below, or a pattern.

    Two fields say all of it, and are what is stored: `stored(kind, text)` gives the same selector back.
    """

    kind: Literal["path", "directory", "pattern"]
    text: str
    """A canonical path; a directory ends in `/`, and the root's is empty."""
    pattern: Pattern | None = field(default=None, repr=False)

    @classmethod
    def stored(cls, kind: Literal["path", "directory", "pattern"], text: str) -> "Selector":
        """Return the selector that was stored as these two fields."""
        return cls(kind, text, parse_pattern(text) if kind == "pattern" else None)

    @property
    def literal_prefix(self) -> str:
        """What every covered path begins with: the bounds of a range scan."""
        return self.text if self.pattern is None else self.pattern.literal_prefix

    @property
    def place(self) -> str:
        """The directory that all it names lies in, with `/` at its end; a path's is the one that it may become."""
        if self.pattern is None:
            return self.text + "/" if self.kind == "path" else self.text
        directory, slash, _ = self.pattern.literal_prefix.rpartition("/")
        return directory + slash

    @property
    def shown(self) -> str:
        """What a person reads; the root shows as `/`."""
        return self.text or "/"

    def covers(self, path: str) -> bool:
        """Return whether the canonical *path* is among those that it names."""
        if self.pattern is not None:
            return self.pattern.matches(path)
        return path == self.text if self.kind == "path" else path.startswith(self.text)

    def keeps(self, path: str) -> bool:
        """Return whether *path* lies under a lock on this; a lock on a path is one on all below, too."""
        return self.covers(path) or (self.kind == "path" and path.startswith(self.place))

    def overlaps(self, other: "Selector") -> bool:
        """Return whether both may name one path, or paths of which only one can be there.

        A file and what lies below it exclude each other, and so do names that differ only by case or normal form. Never
        says no when there is such a path.
        """
        if not _nested(fold(self.place), fold(other.place)):
            return False
        if (self.pattern is None and other.pattern is None) or not _nested(self.place, other.place):
            return True
        for one, two in ((self, other), (other, self)):
            if one.kind == "path":
                return two.place.startswith(one.place) or two.covers(one.text)
        return self.as_pattern().overlaps(other.as_pattern())

    def as_pattern(self) -> Pattern:
        """Return the pattern that names the same paths as this directory or pattern."""
        return self.pattern or parse_pattern(escape(self.text) + "**")


def _nested(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def parse_selector(
    raw: str | Mapping[str, object], exists: Callable[[str], bool], *, argument: str = "paths"
) -> Selector:
    """Return what one entry of a caller's list names.

    Args:
        raw: A path, `dir/`, a pattern, or `{"path": …}` for a path that would read as a pattern.
        exists: Whether a canonical path names a file: a string that is an existing path is that path.
        argument: What a refusal names.

    Raises:
        InvalidPath: It is a path or a directory that cannot be.
        InvalidArgument: It is no pattern, or an object of another form.
    """
    if not isinstance(raw, str):
        path = raw.get("path")
        if set(raw) != {"path"} or not isinstance(path, str):
            raise InvalidArgument(
                'An entry is a string or {"path": …}.', argument=argument, reason="an object of another form"
            )
        return Selector("path", canonical_file(path))
    if _WILD.search(raw):
        existing = _existing(raw, exists)
        if existing is not None:
            return existing
        pattern = parse_pattern(raw, argument=argument)
        return Selector("pattern", pattern.text, pattern)
    if raw in ROOT_SPELLINGS:
        return Selector("directory", "")
    if raw.endswith("/"):
        return Selector("directory", canonical_directory(raw) + "/")
    return Selector("path", canonical_file(raw))


def _existing(raw: str, exists: Callable[[str], bool]) -> Selector | None:
    try:
        path = canonical_file(raw)
    except InvalidPath:
        return None
    return Selector("path", path) if exists(path) else None


def escape(path: str) -> str:
    """Return the pattern that matches exactly *path*."""
    return _WILD.sub(lambda found: "\\" + found.group(), path)
