"""Which files coding agents and editors obey unasked, in whatever spelling: writing them needs the verb `admin`."""

from collections.abc import Iterable

from workspace_server.core.paths import fold
from workspace_server.core.patterns import Pattern, parse_pattern

_WILD = frozenset("*?[\\")


class Guarded:
    """The files that some patterns name, as a file system or an eye reads them: by no case, no width, no normal form.

    It is asked for every path that changes, so a pattern is only compared with paths that have a name that it needs.

    Raises:
        InvalidArgument: One is no pattern.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._by_name: dict[str, list[Pattern]] = {}
        self._others: list[Pattern] = []
        for text in map(fold, patterns):
            pattern = parse_pattern(text)
            name = next((one for one in reversed(text.split("/")) if one and _WILD.isdisjoint(one)), None)
            if name is None:
                self._others.append(pattern)
            else:
                self._by_name.setdefault(name, []).append(pattern)

    def covers(self, path: str) -> bool:
        """Whether the file at a canonical *path* is one of them."""
        folded = fold(path)
        needed = self._by_name.keys() & folded.split("/")
        return any(pattern.matches(folded) for name in needed for pattern in self._by_name[name]) or any(
            pattern.matches(folded) for pattern in self._others
        )
