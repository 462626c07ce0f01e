"""How rows of files, versions and deletes look in an answer."""

from workspace_server.core.access import Caller
from workspace_server.services.recording import Result
from workspace_server.services.times import iso
from workspace_server.storage.tables import files
from workspace_server.storage.tables.files import DeletionRow, FileRow, VersionRow, sources_of


def file_facts(row: FileRow, locked_by: str | None, gone: str | None = None) -> Result:
    """Return a file's row as the full listing shows it; *gone* says why the bytes of its last version were removed."""
    facts: Result = {
        "path": row.path,
        "type": "file",
        "version": row.version,
        "size_bytes": row.size_bytes,
        "media_type": row.media_type,
        "modified_at": iso(row.modified_at),
        "modified_by": row.modified_by,
    }
    if not row.live:
        facts["deleted"] = True
    if gone is not None:
        facts["gone"] = gone
    if locked_by is not None:
        facts["locked_by"] = locked_by
    return facts


def version_facts(row: VersionRow, caller: Caller, gone: str | None = None) -> Result:
    """Return a version as a history shows it to a caller; *gone* says why its bytes were removed."""
    facts = _change_facts(row, row.op)
    sources = [one for one in sources_of(row) if caller.sees(one["path"])]
    facts |= {"size_bytes": row.size_bytes, "sha256": row.sha256, "sources": sources}
    if gone is not None:
        facts["gone"] = gone
    origin = files.json_object(row.moved_from) if row.moved_from else None
    if origin is not None and caller.sees(origin["path"]):
        facts["moved_from"] = origin
    return facts


def deletion_facts(row: DeletionRow, caller: Caller) -> Result:
    """Return a delete as a history shows it to a caller."""
    facts = _change_facts(row, "delete")
    if row.moved_to is not None and caller.sees(row.moved_to):
        facts["moved_to"] = row.moved_to
    return facts


def _change_facts(row: VersionRow | DeletionRow, op: str) -> Result:
    return {
        "version": row.version,
        "seq": row.seq,
        "at": iso(row.at),
        "by": row.agent,
        "op": op,
        "message": row.message,
    }
