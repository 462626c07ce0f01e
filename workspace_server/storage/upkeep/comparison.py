"""Two workspaces held side by side: which files and which facts one has and the other has not, or has differently.

Reads both databases, each at one moment; servers may run on them. Files are compared by their content, not by version
numbers or times; an edit in a folder that no server has taken in yet is not seen.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from workspace_server.core.paths import STATE_DIRECTORY
from workspace_server.errors import NotFound, Unavailable
from workspace_server.storage.database import Row, connect
from workspace_server.storage.migrations import steps
from workspace_server.storage.refusals import UNREADABLE, of_read


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not alike: what each side has, or None where it has nothing."""

    subject: dict[str, Any]
    a: Any
    b: Any

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {**self.subject, "a": self.a, "b": self.b}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What differs, and how much is alike.

    Attributes:
        files: By path; each side has `{version, size_bytes, sha256}`.
        facts: By path, kind, subject and key; each side has its values.
        files_alike: Files that both have with the same content.
        facts_alike: Facts that both have with the same values.
        unread_a: Files of a whose facts are not known yet.
        unread_b: The same of b.
    """

    files: list[Difference]
    facts: list[Difference]
    files_alike: int
    facts_alike: int
    unread_a: int
    unread_b: int

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.files and not self.facts

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "same": self.same,
            "files": [one.as_dict() for one in self.files],
            "facts": [one.as_dict() for one in self.facts],
            "files_alike": self.files_alike,
            "facts_alike": self.facts_alike,
            "unread": {"a": self.unread_a, "b": self.unread_b},
        }


def compare(a: Path, b: Path) -> Comparison:
    """Compare the workspaces in the folders *a* and *b*. Blocks.

    Raises:
        NotFound: There is no workspace in one of them.
        Unavailable: One was written by an older or newer program, or is damaged.
    """
    try:
        return _compare(a, b)
    except UNREADABLE as error:
        raise of_read(error) from error


def _compare(a: Path, b: Path) -> Comparison:
    with closing(_open(a)) as one, closing(_open(b)) as other:
        files, files_alike = _sides(_files(one), _files(other), ("path",))
        facts, facts_alike = _sides(_facts(one), _facts(other), ("path", "kind", "subject", "key"))
        return Comparison(
            files=files,
            facts=facts,
            files_alike=files_alike,
            facts_alike=facts_alike,
            unread_a=_unread(one),
            unread_b=_unread(other),
        )


def _open(root: Path) -> apsw.Connection:
    path = root / STATE_DIRECTORY / "workspace.db"
    if not path.is_file():
        raise NotFound(f"{root} holds no workspace.", hint="Give the folders of two workspaces.", path=str(root))
    connection = connect(path, read_only=True)
    known, current = steps()[-1][0], _rows(connection, "PRAGMA user_version")[0][0]
    if current != known:
        connection.close()
        raise Unavailable(
            f"The workspace in {root} has schema {current}; this program compares schema {known}.",
            hint="Open it once with this program, or use the program that it was written with.",
            reason="another schema",
        )
    connection.execute("BEGIN")
    return connection


@dataclass(frozen=True, slots=True)
class _Entry:
    """What one side has under one name; `token` tells whether the other has the same."""

    name: tuple[str, ...]
    token: object
    shown: Any


def _files(connection: apsw.Connection) -> Iterator[_Entry]:
    for path, version, sha256, size_bytes in connection.execute(
        "SELECT path, version, sha256, size_bytes FROM files WHERE live = 1 ORDER BY path"
    ):
        yield _Entry((str(path),), sha256, {"version": version, "size_bytes": size_bytes, "sha256": sha256})


def _facts(connection: apsw.Connection) -> Iterator[_Entry]:
    """Yield the facts of heads; one that is stated several times has several values."""
    name: tuple[str, ...] | None = None
    values: list[str] = []
    for *place, value in connection.execute(
        "SELECT t.path, t.kind, t.subject, t.key, t.value FROM facts t"
        " JOIN files f ON f.path = t.path AND f.version = t.version AND f.live = 1"
        " ORDER BY t.path, t.kind, t.subject, t.key, t.value"
    ):
        here = tuple(map(str, place))
        if name is not None and here != name:
            yield _Entry(name, tuple(values), values)
            values = []
        name = here
        values.append(str(value))
    if name is not None:
        yield _Entry(name, tuple(values), values)


def _sides(a: Iterable[_Entry], b: Iterable[_Entry], names: tuple[str, ...]) -> tuple[list[Difference], int]:
    """Walk two rows of entries, both in the order of their names; return what differs, and how many are alike."""
    differences: list[Difference] = []
    alike = 0
    left, right = iter(a), iter(b)
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        name = min(entry.name for entry in (one, other) if entry is not None)
        mine = one if one is not None and one.name == name else None
        theirs = other if other is not None and other.name == name else None
        if mine is not None and theirs is not None and mine.token == theirs.token:
            alike += 1
        else:
            differences.append(
                Difference(
                    subject=dict(zip(names, name, strict=True)),
                    a=None if mine is None else mine.shown,
                    b=None if theirs is None else theirs.shown,
                )
            )
        one = next(left, None) if mine is not None else one
        other = next(right, None) if theirs is not None else other
    return differences, alike


def _unread(connection: apsw.Connection) -> int:
    count: int = _rows(
        connection,
        "SELECT count(*) FROM files f WHERE live = 1 AND NOT EXISTS"
        " (SELECT 1 FROM index_states s WHERE s.path = f.path AND s.version = f.version)",
    )[0][0]
    return count


def _rows(connection: apsw.Connection, sql: str) -> list[Row]:
    return connection.execute(sql).fetchall()
