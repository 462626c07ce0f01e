"""What SQLite's errors mean: a disk without room, a database that is damaged, or trouble that may pass."""

import apsw

from workspace_server.errors import Unavailable

DAMAGED = "damaged"
"""The `reason` of what no later try changes."""
UNREADABLE = (apsw.CorruptError, apsw.IOError, apsw.NotADBError)
"""What SQLite says of a damaged page, or of a disk that does not give it."""
UNREADABLE_HINT = (
    "Ask a person to run `workspace-server verify`: it names what is damaged. Where another program wrote to the"
    " database, `workspace-server verify --repair-checksums` makes it good; else"
    " `workspace-server restore FILE NEWDIR` makes a folder from a backup."
)
_DAMAGE = {
    apsw.SQLITE_IOERR_DATA,  # a page and its checksum
    apsw.SQLITE_IOERR_CORRUPTFS,
    apsw.SQLITE_IOERR_READ,
    apsw.SQLITE_IOERR_SHORT_READ,
    apsw.SQLITE_IOERR_IN_PAGE,
}


def is_full(error: BaseException | None) -> bool:
    """Return whether the disk has no room; so SQLite says it of the database, its log, and the index of its log."""
    return isinstance(error, apsw.FullError) or _extended(error) == apsw.SQLITE_IOERR_SHMSIZE


def is_damage(error: BaseException | None) -> bool:
    """Return whether what is stored cannot be read, which no later try changes."""
    return isinstance(error, apsw.CorruptError | apsw.NotADBError) or _extended(error) in _DAMAGE


def of_read(error: BaseException) -> Unavailable:
    """Return the refusal of a read that failed with one of `UNREADABLE`."""
    damage = is_damage(error)
    return Unavailable(
        f"The workspace's database {'is damaged' if damage else 'cannot be read here'}.",
        hint=UNREADABLE_HINT,
        reason=DAMAGED if damage else type(error).__name__,
    )


def of_away(error: BaseException) -> Unavailable:
    """Return the refusal of a read that found no database where it was."""
    return Unavailable(
        "The workspace's folder is not where it was: renamed, removed or unmounted.",
        hint="Put it back, or stop this server and serve the folder where it is now.",
        retryable=True,
        reason=type(error).__name__,
    )


def of_change(error: BaseException) -> Unavailable:
    """Return the refusal of a change that failed with *error*, which is its cause."""
    if is_damage(error):
        refusal = Unavailable(
            "The workspace's database is damaged; nothing was changed.",
            hint=UNREADABLE_HINT,
            reason=DAMAGED,
        )
    else:
        refusal = Unavailable(
            "The workspace's database refused the change; nothing was changed.",
            hint="See `workspace-server status`; try again when the reason is gone.",
            retryable=True,
            reason=type(error).__name__,
        )
    refusal.__cause__ = error
    return refusal


def _extended(error: BaseException | None) -> int | None:
    return getattr(error, "extendedresult", None) if isinstance(error, apsw.IOError) else None
