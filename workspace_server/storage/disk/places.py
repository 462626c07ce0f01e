"""What stands at a path, and what of it is refused."""

import errno
import os
import stat
from typing import Literal, NamedTuple

from workspace_server.core.limits import LIMITS
from workspace_server.errors import InvalidPath, IsDirectory
from workspace_server.storage.disk.signatures import Signature

Kind = Literal["absent", "file", "directory", "link", "special", "hardlinked", "oversized", "below_file"]
"""What stands at a path; `below_file`: a file stands where one of its directories should be."""

_REASONS: dict[Kind, str] = {
    "link": "a link stands there or on the way there",
    "special": "a device, pipe or socket stands there",
    "hardlinked": "the file there has a second name (a hard link)",
    "oversized": "the file there is larger than a file of the workspace may be",
    "below_file": "a file stands where a directory of it should be",
}


class Place(NamedTuple):
    """What stands at a path, and its stat in short when it is something."""

    kind: Kind
    signature: Signature | None = None
    mode: int = 0

    def refuse(self, path: str) -> None:
        """Pass when a file may be read, written or made here.

        Raises:
            IsDirectory: A directory stands there.
            InvalidPath: A link, a special file, one with other links or beyond the size limit stands there, or a file
                in the way.
        """
        if self.kind == "directory":
            raise IsDirectory(
                f"{path} is a directory.",
                hint=f"list_files(path={path!r}) shows what is in it.",
                path=path,
                existing=path + "/",
            )
        reason = _REASONS.get(self.kind)
        if reason is not None:
            raise InvalidPath(
                f"{path} cannot be used: {reason}.", hint="Choose another path.", path=path, reason=reason
            )


def kind_of(error: OSError) -> Kind:
    """Return what an error says about the place; raises what says nothing about it."""
    if error.errno == errno.ENOENT:
        return "absent"
    if error.errno == errno.ENOTDIR:
        return "below_file"
    if error.errno in {errno.ELOOP, errno.EXDEV}:
        return "link"
    raise error


def place_of(found: os.stat_result) -> Place:
    """Return what a stat says about the place."""
    kind: Kind = "special"
    if stat.S_ISREG(found.st_mode):
        kind = "file" if found.st_nlink <= 1 else "hardlinked"
        if found.st_size > LIMITS.file_bytes_max:
            kind = "oversized"
    elif stat.S_ISDIR(found.st_mode):
        kind = "directory"
    elif stat.S_ISLNK(found.st_mode):
        kind = "link"
    return Place(kind, Signature.of(found), found.st_mode)
