"""Which scopes a trigger lies in: those that grant `trigger` and `read` for all that it names and may tell of.

A trigger of which a single file may lie outside is none of the scope's, and neither are its name and what it sets off:
whoever sees a trigger is told of all of its files, not of some.
"""

from collections.abc import Iterable
from typing import Final

from workspace_server.core.access import Caller
from workspace_server.core.patterns import Selector
from workspace_server.core.scopes import Verb
from workspace_server.core.triggers.definition import Definition
from workspace_server.core.triggers.entries import Entry

NEEDED: Final[tuple[Verb, ...]] = ("trigger", "read")
"""What it takes to have to do with a trigger, for all that it reaches."""
_ANYTHING: Final = Selector("directory", "")


def reach(rule: Definition) -> tuple[Selector, ...]:
    """Return all that a trigger names: files, exceptions and manifest; the whole workspace when nothing bounds it.

    A schedule alone names no file, and a manifest without patterns beside it may list any.
    """
    lists_any = rule.manifest is not None and not any(entry.is_wild for entry in rule.entries)
    if lists_any or not rule.watched:
        return (_ANYTHING,)
    return tuple(_selector(entry) for entry in (*rule.watched, *rule.excluded))


def has_all(caller: Caller) -> bool:
    """Return whether every trigger lies in the caller's scope, also those that name no file."""
    return all(caller.scope.is_whole(verb) for verb in NEEDED)


def has(caller: Caller, reached: Iterable[Selector]) -> bool:
    """Return whether a trigger that reaches so far lies in the caller's scope."""
    return has_all(caller) or all(caller.scope.within(verb, one) for one in reached for verb in NEEDED)


def require_all_of(caller: Caller, rule: Definition) -> None:
    """Pass when a trigger lies in the caller's scope.

    Raises:
        Forbidden: It does not; `path` is the first that does not.
    """
    for one in reach(rule):
        for verb in NEEDED:
            caller.require_within(verb, one)


def _selector(entry: Entry) -> Selector:
    if entry.path is not None:
        return Selector("path", entry.path)
    assert entry.pattern is not None, "an entry is one or the other"
    return Selector("pattern", entry.pattern.text, entry.pattern)
