"""Where the audit log ended, kept in a file outside of the database.

Who cuts rows off the end of the log and corrects the head in the database leaves a sound chain that is too short; this
file still names the row that is gone. It lies beside the database, so it shows an edit of that one alone: against who
rewrites both, keep a head on another machine.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from workspace_server.core.audit_chain import ChainHead, parse_head, spell_head

FILE = "audit.head"
BROKEN_MAX = 16
"""Most earlier heads that are kept because the log did not hold them; the oldest one stays, as it says the most."""


def kept(state: Path) -> list[ChainHead]:
    """Return where the log ended, as the file in the folder *state* says: last of all, then what it did not hold.

    Blocks. None when there is no such file; a line that is no head is passed over.
    """
    heads = []
    try:
        lines = (state / FILE).read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    for line in lines:
        try:
            heads.append(parse_head(line))
        except ValueError:
            continue
    return heads


def keep(state: Path, heads: Sequence[ChainHead]) -> None:
    """Put *heads* in the place of what the file says, whole or not at all. Blocks."""
    part = state / f"{FILE}.part"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.writelines(f"{spell_head(head)}\n" for head in heads[: BROKEN_MAX + 1])
    part.replace(state / FILE)
