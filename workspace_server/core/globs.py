"""One name of a pattern: the characters and gaps it is made of, and whether two of them can match the same name."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from workspace_server.core.walks import END, End, Step, reach_their_ends

_CAPTURE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,31}")


@dataclass(frozen=True, slots=True)
class One:
    """One character: of these ranges, or (negated) of none of them; negated without ranges is any character."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool = False

    @property
    def regex(self) -> str:
        """What matches the same character."""
        if len(self.ranges) == 1 and self.ranges[0][0] == self.ranges[0][1] and not self.negated:
            return re.escape(self.ranges[0][0])
        inside = "".join(f"{re.escape(low)}-{re.escape(high)}" for low, high in self.ranges)
        if self.negated:
            return f"[^/{inside}]"
        crosses = any(low <= "/" <= high for low, high in self.ranges)
        return f"(?!/)[{inside}]" if crosses else f"[{inside}]"

    def meets(self, other: "One") -> bool:
        """Return whether some character may be both; may err towards yes."""
        if self.negated and other.negated:
            return True
        if self.negated:
            return other.meets(self)
        if other.negated:
            return any(not any(o[0] <= low and high <= o[1] for o in other.ranges) for low, high in self.ranges)
        return any(low <= o[1] and o[0] <= high for low, high in self.ranges for o in other.ranges)


@dataclass(frozen=True, slots=True)
class Gap:
    """Any characters, at least one when it captures."""

    capture: str | None = None

    @property
    def regex(self) -> str:
        """What closes the gap at the first place that fits."""
        return "[^/]*?" if self.capture is None else f"(?P<{self.capture}>[^/]+?)"


_ANY = One((), negated=True)
Name = tuple[One | Gap, ...]


def tokens_of(part: str, *, captures: bool) -> Iterator[One | Gap]:
    """Yield what one name of a pattern is made of."""
    at = 0
    gap: Gap | None = None  # the token before, when it is one
    while at < len(part):
        token, at = _token(part, at, captures)
        if isinstance(token, One):
            gap = None
        elif gap is None:
            gap = token
        elif gap.capture is None and token.capture is None:
            raise ValueError("** stands for whole names: put a / before and after it")
        else:
            raise ValueError("nothing stands between two gaps, so that it is not clear where a capture ends")
        yield token


def _token(part: str, at: int, captures: bool) -> tuple[One | Gap, int]:
    character = part[at]
    if character == "*":
        return Gap(), at + 1
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
    return One(((character, character),)), at + 1


def _capture(part: str, at: int, captures: bool) -> tuple[Gap, int]:
    if not captures:
        raise ValueError("braces mean nothing here: there is no alternation; write \\{ for a brace")
    name = _CAPTURE_NAME.match(part, at)
    if name is None or part[name.end() : name.end() + 1] != "}":
        raise ValueError("a brace opens a capture, {name} of letters, digits and _")
    return Gap(name.group()), name.end() + 1


def _class(part: str, at: int) -> tuple[One, int]:
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
    return One(tuple(_ranges(characters)), negated), at + 1


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


@lru_cache(maxsize=4_096)
def names_meet(ours: Name, theirs: Name) -> bool:
    """Return whether some name may match both."""
    return reach_their_ends(ours, theirs, _steps)


def _steps(our: One | Gap | End, their: One | Gap | End) -> Iterator[Step]:
    # A capture's least length is left out of account: that errs towards an overlap.
    if isinstance(our, Gap):
        yield 1, 0
        if their != END:
            yield 0, 1
    elif isinstance(their, Gap):
        yield 0, 1
        if our != END:
            yield 1, 0
    elif isinstance(our, One) and isinstance(their, One) and our.meets(their):
        yield 1, 1
