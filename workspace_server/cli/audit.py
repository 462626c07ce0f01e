"""What `log` does with the audit log: check its chain, here or in a file, and write it out."""

from collections.abc import Iterable
from pathlib import Path

from workspace_server.cli import leave, show
from workspace_server.core import audit_lines
from workspace_server.core.audit_chain import Break, ChainHead, parse_head, spell_head
from workspace_server.errors import InvalidArgument, Unavailable

HERE = Path()
"""What `--verify` means without a file: the log of the folder."""


def verify(folder: Path, file: Path, head: str | None, *, as_json: bool) -> int:
    """Say whether the audit log is the chain that was written, and where it ends; return the exit code.

    Args:
        file: What was exported, or `HERE`.
        head: Where it ended at an earlier time, as somebody kept it.
    """
    from workspace_server.storage.upkeep.audit_reading import audit_chain

    kept = [] if head is None else [_head(head)]
    end, faults = audit_chain(folder, kept) if file == HERE else _of_file(file, kept)
    if as_json:
        show.as_json({"ok": not faults, "head": spell_head(end), "faults": [fault._asdict() for fault in faults]})
    else:
        show.table((("DAMAGE", f"row {fault.audit_id}", fault.said) for fault in faults), empty="The chain holds.")
        print(f"It ends at {spell_head(end)}")
    return leave.FAILED if faults else 0


def export(folder: Path) -> int:
    """Print the audit log as lines of JSON, oldest first; return the exit code."""
    from workspace_server.storage.upkeep.audit_reading import audit_rows

    with audit_rows(folder) as (rows, head, unchained):
        for line in audit_lines.lines(rows, head=head, unchained=unchained):
            print(line)
    return 0


def _of_file(file: Path, kept: Iterable[ChainHead]) -> tuple[ChainHead, list[Break]]:
    try:
        with file.open(encoding="utf-8") as lines:
            return audit_lines.check(lines, kept)
    except OSError as error:
        raise Unavailable(f"{file} cannot be read: {error.strerror}.", hint="Give another file.") from None
    except ValueError:
        raise InvalidArgument(
            f"{file} holds no audit log.",
            hint="`workspace-server log --export > FILE` writes one.",
            argument="--verify",
            reason="not an audit log",
        ) from None


def _head(text: str) -> ChainHead:
    try:
        return parse_head(text)
    except ValueError:
        raise InvalidArgument(
            "That is not where an audit log ends.",
            hint="Give the number and the digest, as `log --verify` has printed them.",
            argument="--head",
            reason="malformed",
        ) from None
