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

from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import ROOT_SPELLINGS, canonical_directory, canonical_file
from workspace_server.errors import InvalidArgument, InvalidPath

_WILD = re.compile(r"[*?\[\\{]")
_CAPTURE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,31}")
_OVERLAP_STEPS_MAX = 50_000  # of a pair of names; beyond it two patterns are said to overlap


@dataclass(frozen=True, slots=True)
class _One:
    """One character: of these ranges, or (negated) of none of them; negated without ranges is any character."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool = False

    @property
    def regex(self) -> str:
        if len(self.ranges) == 1 and self.ranges[0][0] == self.ranges[0][1] and not self.negated:
            return re.escape(self.ranges[0][0])
        inside = "".join(f"{re.escape(low)}-{re.escape(high)}" for low, high in self.ranges)
        return f"[^/{inside}]" if self.negated else f"[{inside}]"

    def meets(self, other: "_One") -> bool:
        """Return whether some character may be both; may err towards yes."""
        if self.negated and other.negated:
            return True
        if self.negated:
            return other.meets(self)
        if other.negated:
            return any(not any(o[0] <= low and high <= o[1] for o in other.ranges) for low, high in self.ranges)
        return any(low <= o[1] and o[0] <= high for low, high in self.ranges for o in other.ranges)


@dataclass(frozen=True, slots=True)
class _Gap:
    """Any characters, at least one when it captures."""

    capture: str | None = None

    @property
    def regex(self) -> str:
        return "[^/]*?" if self.capture is None else f"(?P<{self.capture}>[^/]+?)"


_ANY = _One((), negated=True)
_Name = tuple[_One | _Gap, ...]
_DEEP = None  # `**` among the names of a pattern
_EVERYTHING: _Name = (_Gap(),)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parsed pattern; make it with `parse_pattern`."""

    text: str
    captures: tuple[str, ...]
    """The names in braces, in the order in which they stand."""
    literal_prefix: str
    """What every matching path begins with: the bounds of a range scan."""
    names: tuple[_Name | None, ...] = field(repr=False)
    _regex: re.Pattern[str] = field(repr=False, compare=False)

    def matches(self, path: str) -> bool:
        """Return whether a canonical path is one of those that the pattern names."""
        return self._regex.fullmatch(path) is not None

    def capture(self, path: str) -> dict[str, str] | None:
        """Return what the braces stand for in *path*, or None when it does not match; each takes the least it can."""
        found = self._regex.fullmatch(path)
        return None if found is None else found.groupdict()

    def overlaps(self, other: "Pattern") -> bool:
        """Return whether some path may match both; never says no when there is one."""
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
    names: list[_Name | None] = []
    for part in _parts(text):
        if part != "**":
            names.append(tuple(_tokens(part, captures=captures)))
        elif not names or names[-1] is not _DEEP:
            names.append(_DEEP)
    if names.count(_DEEP) > LIMITS.pattern_stars_max:
        raise ValueError(f"it has more than {LIMITS.pattern_stars_max} times **")
    if names[-1] is _DEEP:
        names.append(_EVERYTHING)  # `a/**` is what lies in a, not a itself
    captured = [token.capture for name in names if name for token in name if isinstance(token, _Gap) and token.capture]
    if len(set(captured)) < len(captured):
        raise ValueError("a name in braces stands there twice")
    return Pattern(text, tuple(captured), _literal_prefix(names), tuple(names), re.compile(_regex(names)))


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


def _tokens(part: str, *, captures: bool) -> Iterator[_One | _Gap]:
    """Yield what one name of a pattern is made of."""
    at = 0
    gap: _Gap | None = None  # the token before, when it is one
    while at < len(part):
        token, at = _token(part, at, captures)
        if isinstance(token, _One):
            gap = None
        elif gap is None:
            gap = token
        elif gap.capture is None and token.capture is None:
            raise ValueError("** stands for whole names: put a / before and after it")
        else:
            raise ValueError("nothing stands between two gaps, so that it is not clear where a capture ends")
        yield token


def _token(part: str, at: int, captures: bool) -> tuple[_One | _Gap, int]:
    character = part[at]
    if character == "*":
        return _Gap(), at + 1
    if character == "?":
        return _ANY, at + 1
    if character == "[":
        return _class(part, at + 1)
    if character == "{":
        return _capture(part, at + 1, captures)
    if character == "\\":
        at += 1
        if at == len(part):
            raise ValueError("nothing follows its last backslash")
        character = part[at]
    return _One(((character, character),)), at + 1


def _capture(part: str, at: int, captures: bool) -> tuple[_Gap, int]:
    if not captures:
        raise ValueError("braces mean nothing here: there is no alternation; write \\{ for a brace")
    name = _CAPTURE_NAME.match(part, at)
    if name is None or part[name.end() : name.end() + 1] != "}":
        raise ValueError("a brace opens a capture, {name} of letters, digits and _")
    return _Gap(name.group()), name.end() + 1


def _class(part: str, at: int) -> tuple[_One, int]:
    """Return the class that starts behind its bracket, and where it ends; a `]` that comes first is one of it."""
    negated = part[at : at + 1] == "!"
    at += negated
    characters: list[tuple[str, bool]] = []  # each with whether it was escaped
    first = at
    while at < len(part) and (part[at] != "]" or at == first):
        escaped = part[at] == "\\" and at + 1 < len(part)
        at += escaped
        characters.append((part[at], escaped))
        at += 1
    if at >= len(part):
        raise ValueError("a bracket is not closed")
    return _One(tuple(_ranges(characters)), negated), at + 1


def _ranges(characters: Sequence[tuple[str, bool]]) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(characters):
        low = high = characters[at][0]
        if at + 2 < len(characters) and characters[at + 1] == ("-", False):
            high = characters[at + 2][0]
            at += 2
        if high < low:
            raise ValueError(f"the range {low}-{high} is empty")
        yield low, high
        at += 1


def _literal_prefix(names: Sequence[_Name | None]) -> str:
    prefix = ""
    for index, name in enumerate(names):
        if name is _DEEP:
            return prefix
        for token in name:
            if isinstance(token, _Gap) or token.negated or len(token.ranges) != 1 or len(set(token.ranges[0])) != 1:
                return prefix
            prefix += token.ranges[0][0]
        prefix += "/" if index + 1 < len(names) else ""
    return prefix


def _regex(names: Sequence[_Name | None]) -> str:
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


def _name_regex(name: _Name) -> str:
    regex = ""
    since_gap = ""
    for token in name:
        if isinstance(token, _Gap):
            regex += f"(?>{since_gap})"
            since_gap = ""
        since_gap += token.regex
    # The last gap is closed where the name ends.
    return f"{regex}(?>{since_gap}(?![^/]))" if name != _EVERYTHING else "[^/]+"


@lru_cache(maxsize=4_096)
def _meet(ours: tuple[_Name | None, ...], theirs: tuple[_Name | None, ...]) -> bool:
    """Return whether some path may match both sequences of names."""
    seen: set[tuple[int, int]] = set()
    todo = [(0, 0)]
    while todo:
        at = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        here, there = at
        if here == len(ours) and there == len(theirs):
            return True
        our = ours[here] if here < len(ours) else ()
        their = theirs[there] if there < len(theirs) else ()
        if our is _DEEP:
            todo.append((here + 1, there))
            if their != ():
                todo.append((here, there + 1))
        elif their is _DEEP:
            todo.append((here, there + 1))
            if our != ():
                todo.append((here + 1, there))
        elif our != () and their != () and _names_meet(our, their):
            todo.append((here + 1, there + 1))
    return False


@lru_cache(maxsize=4_096)
def _names_meet(ours: _Name, theirs: _Name) -> bool:
    """Return whether some name may match both."""
    if len(ours) * len(theirs) > _OVERLAP_STEPS_MAX:
        return True
    ends = len(ours), len(theirs)
    # Row by row: the places in `theirs` that can be reached together with each place in `ours`.
    reached = {(0, 0)}
    todo = [(0, 0)]
    while todo:
        here, there = todo.pop()
        if (here, there) == ends:
            return True
        for step in _steps(ours, theirs, here, there):
            if step not in reached:
                reached.add(step)
                todo.append(step)
    return False


def _steps(ours: _Name, theirs: _Name, here: int, there: int) -> Iterator[tuple[int, int]]:
    our = ours[here] if here < len(ours) else None
    their = theirs[there] if there < len(theirs) else None
    # A capture's least length is left out of account: that errs towards an overlap.
    if isinstance(our, _Gap):
        yield here + 1, there
        if their is not None:
            yield here, there + 1
    elif isinstance(their, _Gap):
        yield here, there + 1
        if our is not None:
            yield here + 1, there
    elif our is not None and their is not None and our.meets(their):
        yield here + 1, there + 1


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
    def shown(self) -> str:
        """What a person reads; the root shows as `/`."""
        return self.text or "/"

    def covers(self, path: str) -> bool:
        """Return whether the canonical *path* is among those that it names."""
        if self.pattern is not None:
            return self.pattern.matches(path)
        return path == self.text if self.kind == "path" else path.startswith(self.text)

    def overlaps(self, other: "Selector") -> bool:
        """Return whether some path may be named by both; never says no when there is one."""
        if self.kind == "path":
            return other.covers(self.text)
        if other.kind == "path":
            return self.covers(other.text)
        if self.pattern is None and other.pattern is None:
            return self.text.startswith(other.text) or other.text.startswith(self.text)
        return self.as_pattern().overlaps(other.as_pattern())

    def as_pattern(self) -> Pattern:
        """Return the pattern that names the same paths."""
        return self.pattern or parse_pattern(escape(self.text) + ("" if self.kind == "path" else "**"))


def overlaps(one: Selector, other: Selector) -> bool:
    """Return whether some path may be named by both; never says no when there is one."""
    return one.overlaps(other)


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
