"""Which files a call means that names a file or a directory."""

from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import canonical_file
from workspace_server.core.patterns import Selector
from workspace_server.core.scopes import Verb
from workspace_server.core.versions import check_exists
from workspace_server.errors import IsDirectory
from workspace_server.services.arguments import refused
from workspace_server.services.files import changes
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files


def within(caller: Caller, place: str, path: str, verb: Verb) -> None:
    """Pass when the caller has *verb* for a file below the directory *place* that it named.

    Raises:
        Forbidden: It has not; which file that is it is not told.
    """
    if not caller.scope.allows(verb, path):
        caller.require_within(verb, Selector("directory", f"{place}/"))
        caller.require(verb, path)


async def moved(tx: Transaction, path: str, to: str) -> list[tuple[str, str]]:
    """Return (from, to) of every file that a move of *path* moves.

    Raises:
        NotFound: Nothing is there.
        InvalidArgument: More is there than one commit takes.
    """
    found = await _below(tx, path)
    return [(path, to)] if found is None else [(one, canonical_file(to + one[len(path) :])) for one in found]


async def deleted(tx: Transaction, path: str, recursive: bool) -> list[str]:
    """Return every file that a delete of *path* deletes.

    Raises:
        NotFound: Nothing is there.
        IsDirectory: A directory is there, and *recursive* was not said.
        InvalidArgument: More is there than one commit takes.
    """
    found = await _below(tx, path)
    if found is not None and not recursive:
        raise IsDirectory(
            f"{path} is a directory.",
            hint=f"delete_file(path={path!r}, recursive=True) deletes all that is in it.",
            path=path,
            existing=path + "/",
        )
    return [path] if found is None else found


async def _below(tx: Transaction, path: str) -> list[str] | None:
    """Return the files of a directory, or None when *path* is a file."""
    here, row = await changes.head(tx, path)
    if row is not None and here.live:
        return None
    below = await files.below(tx, path, limit=LIMITS.commit_files_max + 1)
    if not below:
        check_exists(here)
    if len(below) > LIMITS.commit_files_max:
        reason = f"holds more than {LIMITS.commit_files_max} files"
        raise refused("path", reason, "Name the directories in it one by one; list_files shows them.")
    return [found.path for found in below]
