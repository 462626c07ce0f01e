"""What somebody may do where: verbs by patterns of paths, decided from the path alone.

Nothing here looks whether a file exists, so that a refusal says nothing about what lies outside of a scope. Grants only
add: what none of them names is not granted. Where one pattern must lie in another (a lock, a trigger, a wait), a yes is
always right; a no may be wrong for patterns that say the same in another way, which costs the caller a plainer pattern.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, get_args

from workspace_server.core.globs import Gap, Name, One
from workspace_server.core.limits import LIMITS
from workspace_server.core.patterns import Pattern, Selector, escape, parse_pattern
from workspace_server.core.walks import END, End, Step, reach_their_ends
from workspace_server.errors import InvalidArgument

Verb = Literal["read", "write", "lock", "search", "trigger", "jobs", "admin"]

VERBS: Final[tuple[Verb, ...]] = get_args(Verb)
EVERYTHING: Final = "**"
"""The pattern of a grant for the whole workspace."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Some verbs on the paths that one pattern names."""

    verbs: frozenset[Verb]
    pattern: Pattern

    @property
    def is_whole(self) -> bool:
        """Whether it holds for every path, and for what has none."""
        return self.pattern.text == EVERYTHING

    def __str__(self) -> str:
        """Return it as `parse_grant` reads it: `read,write:docs/**`."""
        return f"{','.join(verb for verb in VERBS if verb in self.verbs)}:{self.pattern.text}"


@dataclass(frozen=True, slots=True)
class Scope:
    """All that one caller was granted."""

    grants: tuple[Grant, ...]

    @property
    def verbs(self) -> frozenset[Verb]:
        """The verbs that are granted anywhere at all: what a list of tools or a page may offer."""
        return frozenset(verb for grant in self.grants for verb in grant.verbs)

    def may(self, verb: Verb) -> bool:
        """Return whether *verb* is granted anywhere at all."""
        return any(verb in grant.verbs for grant in self.grants)

    def is_whole(self, verb: Verb) -> bool:
        """Return whether *verb* is granted for the whole workspace, and so for what has no path."""
        return any(grant.is_whole and verb in grant.verbs for grant in self.grants)

    def allows(self, verb: Verb, path: str) -> bool:
        """Return whether *verb* is granted for the canonical *path* of a file."""
        return any(verb in grant.verbs and (grant.is_whole or grant.pattern.matches(path)) for grant in self.grants)

    def within(self, verb: Verb, selector: Selector) -> bool:
        """Return whether *verb* is granted for all that *selector* may name, by one grant.

        A path's own selector stands for that path alone, as `allows` does.
        """
        if selector.kind == "path":
            return self.allows(verb, selector.text)
        return self.contains(verb, selector.as_pattern())

    def contains(self, verb: Verb, pattern: Pattern) -> bool:
        """Return whether *verb* is granted for every path that *pattern* matches, by one grant."""
        return any(
            verb in grant.verbs and (grant.is_whole or _lies_in(pattern.names, grant.pattern.names))
            for grant in self.grants
        )

    def prefixes(self, verb: Verb) -> tuple[str, ...]:
        """Return what every path with *verb* begins with one of, in their order; none begins with another one."""
        found: list[str] = []
        for prefix in sorted({grant.pattern.literal_prefix for grant in self.grants if verb in grant.verbs}):
            if not (found and prefix.startswith(found[-1])):
                found.append(prefix)
        return tuple(found)

    def near(self, verb: Verb, directory: str) -> bool:
        """Return whether a file with *verb* may lie below the canonical *directory*; the root is the empty string."""
        if not directory or self.is_whole(verb):
            return self.may(verb)
        patterns = [grant.pattern for grant in self.grants if verb in grant.verbs]
        below = f"{escape(directory)}/{EVERYTHING}"
        if len(below) > LIMITS.pattern_chars_max:  # of no pattern so long it can be told: what begins so may lie there
            inside = f"{directory}/"
            begun = [one.literal_prefix for one in patterns]
            return any(inside.startswith(one) or one.startswith(inside) for one in begun)
        return any(map(parse_pattern(below).overlaps, patterns))


def everywhere(*verbs: Verb) -> Scope:
    """Return the scope of these verbs in the whole workspace."""
    return Scope((Grant(frozenset(verbs), parse_pattern(EVERYTHING)),))


ALL: Final = everywhere(*VERBS)
"""What the operator may do."""
LOCAL: Final = everywhere(*(verb for verb in VERBS if verb != "admin"))
"""What a local caller without a token may do: all but `admin`, which needs proof."""
NOTHING: Final = Scope(())


def parse_grant(text: str) -> Grant:
    """Return the grant that *text* spells: verbs with commas between, a colon, and a pattern; `all` is every verb.

    Raises:
        InvalidArgument: It is none.
    """
    said, colon, pattern = text.partition(":")
    verbs = frozenset(VERBS if said == "all" else said.split(","))
    unknown = sorted(verbs - set(VERBS))
    if not colon or unknown:
        raise InvalidArgument(
            f"'{text[:200]}' is not a grant.",
            hint=f"Write verbs and a pattern: read,search:docs/**. The verbs are {', '.join(VERBS)}; `all` is each.",
            argument="allow",
            reason=f"unknown verb {unknown[0]!r}"[:100] if unknown else "no colon",
        )
    return Grant(frozenset(verb for verb in VERBS if verb in verbs), parse_pattern(pattern, argument="allow"))


def parse_scope(texts: Iterable[str]) -> Scope:
    """Return the scope of several grants.

    Raises:
        InvalidArgument: One of them is none, or there are too many.
    """
    grants = tuple(parse_grant(text) for text in texts)
    if len(grants) > LIMITS.grants_max:
        raise InvalidArgument(
            f"A token has {LIMITS.grants_max} grants at most.",
            hint="Name directories instead of files.",
            argument="allow",
            reason="too many",
        )
    return Scope(grants)


def union(scopes: Iterable[Scope]) -> Scope:
    """Return what is granted by any of several scopes."""
    return Scope(tuple(dict.fromkeys(grant for scope in scopes for grant in scope.grants)))


_Names = tuple[Name | None, ...]


@lru_cache(maxsize=4_096)
def _lies_in(inner: _Names, outer: _Names) -> bool:
    """Return whether every path of *inner* is surely one of *outer*; both are names of a pattern, None for `**`."""
    return reach_their_ends(inner, outer, _names_further)


def _names_further(ours: Name | End | None, theirs: Name | End | None) -> Iterator[Step]:
    if theirs is None:
        yield 0, 1
        if ours != END:
            yield 1, 0  # it takes one name more, or all that a `**` stands for
    elif ours is not None and END not in (ours, theirs) and _name_lies_in(ours, theirs):
        yield 1, 1


@lru_cache(maxsize=4_096)
def _name_lies_in(inner: Name, outer: Name) -> bool:
    """Return whether every name that *inner* matches is surely one of *outer*'s."""
    return reach_their_ends(inner, outer, _characters_further)


def _characters_further(ours: One | Gap | End, theirs: One | Gap | End) -> Iterator[Step]:
    if isinstance(theirs, Gap):
        yield 0, 1
        if ours != END:
            yield 1, 0
    elif isinstance(ours, One) and isinstance(theirs, One) and _is_part(ours, theirs):
        yield 1, 1


def _is_part(ours: One, theirs: One) -> bool:
    """Return whether every character of *ours* is surely one of *theirs*."""
    if theirs.negated:
        if not ours.negated:
            return not any(low <= high2 and low2 <= high for low, high in ours.ranges for low2, high2 in theirs.ranges)
        return all(any(low2 <= low and high <= high2 for low2, high2 in ours.ranges) for low, high in theirs.ranges)
    if ours.negated:
        return False
    return all(any(low2 <= low and high <= high2 for low2, high2 in theirs.ranges) for low, high in ours.ranges)
