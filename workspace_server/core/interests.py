"""Who wants an event, found without asking everybody: most events concern one corner of the workspace."""

from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

from workspace_server.core.events import paths_of
from workspace_server.core.subscriptions import Wanted

T = TypeVar("T")


class Interests(Generic[T]):
    """Subscribers with what each of them wants."""

    def __init__(self, subscribers: Iterable[tuple[T, Wanted]]) -> None:
        self._all = list(subscribers)
        self._everywhere: list[int] = []
        self._by_corner: dict[str, list[int]] = {}
        """By the first name of their files, where that is whole; those in `""` may want files anywhere."""
        for number, (_, wanted) in enumerate(self._all):
            if wanted.files is None:
                self._everywhere.append(number)
                continue
            for corner in {_corner(selector.literal_prefix) for selector in wanted.files}:
                self._by_corner.setdefault(corner, []).append(number)

    def __bool__(self) -> bool:
        """Whether there is any subscriber."""
        return bool(self._all)

    def who_want(self, kind: str, path: str | None, agent: str, data: Mapping[str, Any]) -> list[T]:
        """Return those who want an event, in the order in which they were given."""
        corners = {"", *(one.partition("/")[0] for one in paths_of(path, data))}
        asked = {*self._everywhere, *(number for corner in corners for number in self._by_corner.get(corner, ()))}
        return [
            subscriber
            for subscriber, wanted in map(self._all.__getitem__, sorted(asked))
            if wanted.wants(kind, path, agent, data)
        ]


def _corner(prefix: str) -> str:
    """Return the first name of every path that begins with *prefix*; nothing when they may have several."""
    return prefix.partition("/")[0] if "/" in prefix else ""
