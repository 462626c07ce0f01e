"""What kind of file system a folder lies on, and whether a workspace may."""

import logging
import os
import re
from pathlib import Path

from workspace_server.core.file_systems import standing
from workspace_server.errors import Unavailable

log = logging.getLogger(__name__)

MOUNTS = Path("/proc/self/mountinfo")
_ESCAPED = re.compile(r"\\([0-7]{3})")


def check(root: Path, *, mounts: Path | None = None) -> None:
    """Pass when a workspace may lie in *root*, which need not be there yet; a doubtful place is warned of.

    Raises:
        Unavailable: It lies on a network file system.
    """
    kind = type_at(root, mounts=mounts)
    found = standing(kind)
    if found == "network":
        raise Unavailable(
            f"{root} lies on a network file system ({kind}), where neither locks nor the database hold.",
            hint="Use a folder on a disk of this machine; other machines reach it through the server.",
            reason=f"network file system: {kind}",
        )
    if found == "shared":
        log.warning(
            "%s lies on %s, which is shared with another system: changes made there may be seen late, and no server may"
            " run on the same folder there",
            root,
            kind,
        )


def type_at(path: Path, *, mounts: Path | None = None) -> str | None:
    """Return the type of the file system that *path* lies on; None where the system does not tell."""
    place = Path(os.path.realpath(path))
    try:
        lines = (mounts or MOUNTS).read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    best: tuple[int, str] | None = None
    for line in lines:
        fields, _, rest = line.partition(" - ")
        at = Path(_ESCAPED.sub(lambda code: chr(int(code[1], 8)), fields.split(" ")[4]))
        # The last of several mounts on one place covers the others.
        if place.is_relative_to(at) and (best is None or len(at.parts) >= best[0]):
            best = len(at.parts), rest.split(" ")[0]
    return None if best is None else best[1]
