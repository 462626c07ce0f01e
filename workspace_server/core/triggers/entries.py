"""What a trigger's files are: paths and patterns, with the names that make a join per value."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import ROOT_SPELLINGS, FilePath, canonical_file
from workspace_server.core.patterns import Pattern, parse_pattern
from workspace_server.core.triggers.fields import encoded, refused

Exists = Callable[[str], bool]
"""Whether a file of that name stands in the workspace: such a string is that path, wildcards or not."""

_SPECIAL: Final = re.compile(
    r"\\(?P<literal>.)|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}|(?P<wildcard>[*?\[]|/\Z)", re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of `files`.

    Attributes:
        text: As it was given, in the spelling of canonical paths.
        path: The one path that it names, when it names one.
        pattern: What paths must match, when it does not.
        captures: The names in braces; each set of values is a join of its own.
    """

    text: str
    path: FilePath | None
    pattern: Pattern | None
    captures: tuple[str, ...]

    @property
    def is_wild(self) -> bool:
        """Whether nobody can say how many paths it names for one set of values."""
        return self.path is None and any(part["wildcard"] for part in _SPECIAL.finditer(self.text))

    def capture(self, path: str) -> dict[str, str] | None:
        """Return the values that *path* gives the names, or None when it does not match."""
        if self.pattern is None:
            return {} if path == self.path else None
        return self.pattern.capture(path)

    def as_json(self) -> str | dict[str, str]:
        """Return the entry so that it means the same when it is read again, whatever exists then."""
        if self.path is None:
            return self.text
        return {"path": self.path} if _SPECIAL.search(self.path) else self.path

    def resolve(self, values: Mapping[str, str]) -> str:
        """Return the path that an entry without wildcards names for these values."""
        if self.path is not None:
            return self.path
        return _SPECIAL.sub(lambda part: part["literal"] or values[part["name"]], self.text)


def parse_entries(argument: str, given: object, exists: Exists) -> tuple[Entry, ...]:
    """Return the entries of a list of paths and patterns; one entry alone is a list of one.

    Raises:
        InvalidArgument, InvalidPath: One is neither a path nor a pattern, or there are too many.
    """
    if isinstance(given, (str, Mapping)):
        given = [given]
    if not isinstance(given, (list, tuple)) or not given:
        raise refused(argument, "must be a list of paths and patterns", f'For example {argument}=["draft.md"].')
    if len(given) > LIMITS.trigger_files_max:
        reason = f"has {len(given)} entries; {LIMITS.trigger_files_max} are allowed"
        raise refused(argument, reason, 'A pattern such as "research/*.md" covers many files.')
    return tuple(parse_entry(argument, item, exists) for item in given)


def parse_entry(argument: str, item: object, exists: Exists) -> Entry:
    """Return what one path or pattern is.

    Raises:
        InvalidArgument, InvalidPath: It is neither.
    """
    if isinstance(item, Mapping):
        named = item.get("path")
        if set(item) != {"path"} or not isinstance(named, str):
            raise refused(argument, 'an entry is a string or {"path": "…"}')
        return _path_entry(canonical_file(named))
    if not isinstance(item, str):
        raise refused(argument, 'an entry is a string or {"path": "…"}')
    encoded(argument, item)
    special = list(_SPECIAL.finditer(item))
    if special and exists(item):
        return _path_entry(canonical_file(item))
    if item not in ROOT_SPELLINGS and all(part["literal"] for part in special):
        return _path_entry(canonical_file(_SPECIAL.sub(lambda part: part["literal"], item)))
    text = "**" if item in ROOT_SPELLINGS else _tidied(item)
    pattern = parse_pattern(text, captures=True, argument=argument)
    return Entry(text=text, path=None, pattern=pattern, captures=tuple(sorted(pattern.captures)))


def _tidied(text: str) -> str:
    """Return a pattern in the spelling of canonical paths, so that names put in for its captures give such a path."""
    text = unicodedata.normalize("NFC", re.sub("/+", "/", text))
    return re.sub(r"\A(?:\./)+", "", text)


def _path_entry(path: FilePath) -> Entry:
    return Entry(text=path, path=path, pattern=None, captures=())
