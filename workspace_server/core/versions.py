"""When a write may replace what stands at a path.

The order of checks is fixed: arguments, path, scope, lock, identical content, version, content. This module holds the
version's part; no lost update rests on it.
"""

from dataclasses import dataclass

from workspace_server.errors import Conflict, NotFound, VersionRequired


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What stands at a path now; version 0 means that nothing ever did.

    Attributes:
        live: False when the file is absent: never made, or deleted.
    """

    path: str
    version: int
    live: bool
    modified_by: str | None = None

    @property
    def current(self) -> int:
        """The version that a caller must expect: 0 when the file is absent."""
        return self.version if self.live else 0


def check_expected(head: Head, expected: int | None) -> None:
    """Pass when the caller expects nothing, or exactly what stands there.

    Raises:
        Conflict: Something else stands there.
    """
    if expected is None or expected == head.current:
        return
    if not head.live:
        message = f"{head.path} does not exist; you expected version {expected}."
    elif expected == 0:
        message = f"{head.path} exists already, at version {head.version} by {head.modified_by}."
    else:
        message = f"{head.path} is at version {head.version} by {head.modified_by}; you expected {expected}."
    raise Conflict(
        message,
        hint=_after_conflict(head),
        path=head.path,
        expected=expected,
        version=head.current,
        modified_by=head.modified_by,
        diff=None,
    )


def check_replace(
    head: Head, *, expected: int | None, under_lock: bool, overwrite: bool, agent: str, call: str | None = None
) -> None:
    """Pass when the caller says which content it replaces, or replaces none.

    Args:
        call: The caller's call up to its closing bracket, for the hint; `write_file` of this path when None.
        under_lock: The caller gave a live exclusive lock that covers the path.
        overwrite: The caller insists, whatever stands there.

    Raises:
        Conflict: The expected version is not there.
        VersionRequired: A live file stands there and nothing was said about it.
    """
    check_expected(head, expected)
    if not head.live or expected is not None or under_lock or overwrite:
        return
    raise VersionRequired(
        f"{head.path} exists at version {head.version} by {head.modified_by}; say which version you replace.",
        hint=f"{call or f'write_file(path={head.path!r}, content=…'}, expect_version={head.version}),"
        " after reading what it holds",
        path=head.path,
        version=head.version,
        modified_by=head.modified_by,
        yours=head.modified_by == agent,
    )


def check_exists(head: Head) -> None:
    """Pass when a live file stands at the path.

    Raises:
        NotFound: None does.
    """
    if head.live:
        return
    if head.version:
        raise NotFound(
            f"{head.path} was deleted; its last version is {head.version}.",
            hint=f"restore_file(path={head.path!r}) brings it back; read_file(…, version={head.version}) reads it.",
            path=head.path,
            version=head.version,
        )
    raise NotFound(
        f"There is no file {head.path}.",
        hint="list_files() shows what there is; search(query=…) finds by content.",
        path=head.path,
    )


def _after_conflict(head: Head) -> str:
    if not head.live:
        return "Leave expect_version out (or give 0) to make the file."
    return (
        f"read_file(path={head.path!r}), put your change on top of what is there, then call again with"
        f" expect_version={head.version}."
    )
