"""Takes a copy of a database back to an earlier moment, as if nothing had happened since. Never the only copy.

What belongs to the running original does not go along: locks, drafts, requests, deliveries, jobs, share links, what
joins had collected, what needed a person, and what agents were told. What they have written is counted anew. Triggers
stay as rules. Whatever only the time after the moment named is gone from the file, not just hidden.
"""

import json
import time

import apsw

from workspace_server.core.audit_chain import ChainHead, spell_head
from workspace_server.errors import InvalidArgument
from workspace_server.storage.database import Row
from workspace_server.storage.tables import intents, tokens
from workspace_server.storage.tables.audit import HEAD

CLEARED = (
    "agent_files",
    "agent_hours",
    "agent_tools",
    "agents_log",
    "agents",
    "agent_notes",
    "agent_pauses",
    "checkouts",
    "lock_selectors",
    "locks",
    "lock_waits",
    "drafts",
    "reads",
    "requests",
    "attempts",
    "deliveries",
    "job_logs",
    "jobs",
    "firing_inputs",
    "firings",
    "join_slots",
    "joins",
    "schedules",
    "attention",
    "subscription_deliveries",
    "subscriptions",
    "verified_receivers",
    "links",
    "intents",
    "vectors",
    "vector_sets",
    "model_states",
    "model_answers",
)
"""What belongs to the original and to the moment of the copy, children before their parents."""
REWOUND = (
    "versions",
    "deletions",
    "sources",
    "files",
    "contents",
    "events",
    "audit",
    "triggers",
    "facts",
    "facts_text",
    "past_versions",
    "past_facts",
    "past_facts_text",
    "dismissed_conflicts",
    "index_states",
    "index_progress",
    "extractions",
    "counters",
    "meta",
    "tokens",
)
"""What is taken back to the moment."""
SERVER = "server"
KEPT = ("endpoints", "totals", "agent_totals")
"""What stays as it is, or follows by itself."""


def rewind(connection: apsw.Connection, seq: int) -> list[str]:
    """Take the database back to *seq*; every file is then on its way into an empty folder. Blocks.

    Returns:
        The files whose bytes of that time are not kept any more: they are deleted, by events of the server.

    Raises:
        InvalidArgument: The log does not go that far, or a commit of several files was half made at *seq*.
    """
    connection.execute("PRAGMA foreign_keys = OFF")
    with connection:
        _check(connection, seq)
        for table in CLEARED:
            connection.execute(f"DELETE FROM {table}")
        _triggers(connection, seq)  # by the times of events that are still there
        connection.execute("CREATE TEMP TABLE rewound AS SELECT path FROM files WHERE seq > ?", (seq,))
        _files(connection, seq)
        _index(connection)
        _past_facts(connection)
        _log(connection, seq)
        _contents(connection)
        missing = _delete_removed(connection)
        intents.open_all(connection)
        tokens.revoke_all(connection)
        left = connection.execute("PRAGMA foreign_key_check").fetchall()
        assert not left, f"rows without a parent: {left[:3]}"
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("VACUUM")
    return missing


def _check(connection: apsw.Connection, seq: int) -> None:
    head = _rows(connection, "SELECT value FROM counters WHERE name = 'seq'")[0][0]
    if not 0 <= seq <= head:
        raise InvalidArgument(
            f"The log stands at seq {head}.",
            hint=f"Give a seq from 0 to {head}; `workspace-server log` shows them.",
            argument="at_seq",
            reason="the log does not go that far",
        )
    floor = _rows(connection, "SELECT coalesce((SELECT value ->> 0 FROM meta WHERE name = 'log_floor'), 0)")[0][0]
    if seq < floor:
        raise InvalidArgument(
            f"The log is kept from seq {floor} on.",
            hint=f"Give a seq from {floor} to {head}.",
            argument="at_seq",
            reason="the log before that is kept no longer",
        )
    commits = [
        commit
        for (commit,) in _rows(
            connection, "SELECT json_extract(data, '$.commit') FROM events WHERE seq IN (?, ?)", seq, seq + 1
        )
    ]
    if len(commits) == 2 and commits[0] is not None and commits[0] == commits[1]:
        first, last = _rows(
            connection, "SELECT min(seq), max(seq) FROM events WHERE json_extract(data, '$.commit') = ?", commits[0]
        )[0]
        raise InvalidArgument(
            f"At seq {seq} the commit {commits[0]} is half made.",
            hint=f"Give {first - 1}, which is before it, or {last}, which is after it.",
            argument="at_seq",
            reason=f"{commits[0]} goes from {first} to {last}",
        )


def _triggers(connection: apsw.Connection, seq: int) -> None:
    connection.execute(
        "DELETE FROM triggers WHERE created_at >= (SELECT at FROM events WHERE seq > ? ORDER BY seq LIMIT 1)", (seq,)
    )
    connection.execute(
        "DELETE FROM dismissed_conflicts WHERE at >= (SELECT at FROM events WHERE seq > ? ORDER BY seq LIMIT 1)", (seq,)
    )
    connection.execute("UPDATE triggers SET rate_since = 0, rate_count = 0")


def _files(connection: apsw.Connection, seq: int) -> None:
    connection.execute("DELETE FROM deletions WHERE seq > ?", (seq,))
    connection.execute("DELETE FROM versions WHERE seq > ?", (seq,))
    connection.execute(
        "DELETE FROM sources WHERE NOT EXISTS"
        " (SELECT 1 FROM versions v WHERE v.file_id = sources.file_id AND v.version = sources.version)"
    )
    connection.execute("DELETE FROM files WHERE NOT EXISTS (SELECT 1 FROM versions v WHERE v.file_id = files.file_id)")
    # None is live for a moment, so that names that differ only by case can change places.
    connection.execute("UPDATE files SET live = 0, tree_sha256 = NULL, tree_signature = NULL")
    connection.execute(
        "UPDATE files SET (live, version, seq, sha256, size_bytes, media_type, modified_at, modified_by) ="
        " (SELECT d.seq IS NULL, v.version, coalesce(d.seq, v.seq), v.sha256, v.size_bytes, v.media_type,"
        " coalesce(d.at, v.at), coalesce(d.agent, v.agent) FROM versions v"
        " LEFT JOIN deletions d ON d.file_id = v.file_id AND d.version = v.version"
        " WHERE v.file_id = files.file_id ORDER BY v.version DESC LIMIT 1)"
    )


def _index(connection: apsw.Connection) -> None:
    """Keep the facts of heads that are the same as they were; the others are read again, and all are looked at."""
    stale = "NOT EXISTS (SELECT 1 FROM files f WHERE f.path = facts.path AND f.version = facts.version AND f.live = 1)"
    connection.execute(f"DELETE FROM facts_text WHERE rowid IN (SELECT fact_id FROM facts WHERE {stale})")
    connection.execute(f"DELETE FROM facts WHERE {stale}")
    connection.execute("INSERT INTO facts_text (facts_text) VALUES ('optimize')")  # lets go of the words themselves
    connection.execute(
        "DELETE FROM index_states WHERE path IN (SELECT path FROM rewound) OR NOT EXISTS (SELECT 1 FROM files f"
        " JOIN versions v USING (file_id) WHERE f.path = index_states.path AND v.version = index_states.version)"
    )
    connection.execute("DELETE FROM extractions WHERE key NOT IN (SELECT key FROM index_states)")
    connection.execute("UPDATE index_progress SET seq = 0, fingerprint = ''")


def _past_facts(connection: apsw.Connection) -> None:
    """Keep the facts of versions that were past already."""
    connection.execute(
        "DELETE FROM past_versions WHERE NOT EXISTS (SELECT 1 FROM files f JOIN versions v USING (file_id)"
        " WHERE f.path = past_versions.path AND v.version = past_versions.version"
        " AND NOT (f.live = 1 AND f.version = v.version))"
    )
    stale = "(path, version) NOT IN (SELECT path, version FROM past_versions)"
    connection.execute(f"DELETE FROM past_facts_text WHERE rowid IN (SELECT fact_id FROM past_facts WHERE {stale})")
    connection.execute(f"DELETE FROM past_facts WHERE {stale}")
    connection.execute("INSERT INTO past_facts_text (past_facts_text) VALUES ('optimize')")


def _log(connection: apsw.Connection, seq: int) -> None:
    connection.execute("DELETE FROM events WHERE seq > ?", (seq,))
    connection.execute(
        "UPDATE counters SET value = (SELECT coalesce(max(seq), 0) FROM events) WHERE name = 'seq'",
    )
    cut = _rows(connection, "SELECT min(audit_id) FROM audit WHERE seq > ?", seq)[0][0]
    if cut is None:
        return
    connection.execute("DELETE FROM audit WHERE audit_id >= ?", (cut,))
    rows = _rows(connection, "SELECT audit_id, digest FROM audit ORDER BY audit_id DESC LIMIT 1")
    if rows and rows[0][1] is not None:
        spelled = spell_head(ChainHead(rows[0][0], rows[0][1]))
        connection.execute("UPDATE meta SET value = ? WHERE name = ?", (spelled, HEAD))
    else:  # the chain begins after what is left
        connection.execute("DELETE FROM meta WHERE name = ?", (HEAD,))
        connection.execute(
            "UPDATE meta SET value = (SELECT coalesce(max(audit_id), 0) FROM audit) WHERE name = 'audit_unchained'"
        )


def _contents(connection: apsw.Connection) -> None:
    connection.execute(
        "WITH RECURSIVE used (sha256) AS (SELECT sha256 FROM versions"
        " UNION SELECT c.base FROM used JOIN contents c ON c.sha256 = used.sha256 WHERE c.base IS NOT NULL)"
        " DELETE FROM contents WHERE sha256 NOT IN (SELECT sha256 FROM used)"
    )


def _delete_removed(connection: apsw.Connection) -> list[str]:
    """Delete the files whose heads were purged, or are beyond retention, where this was copied from."""
    heads = _rows(
        connection,
        "SELECT f.file_id, f.path, f.version FROM files f JOIN contents c USING (sha256)"
        " WHERE f.live = 1 AND c.removed_at IS NOT NULL ORDER BY f.path",
    )
    now_s, message = time.time(), "its bytes are not kept any more"
    for file_id, path, version in heads:
        seq = _rows(connection, "UPDATE counters SET value = value + 1 WHERE name = 'seq' RETURNING value")[0][0]
        connection.execute(
            "INSERT INTO events (seq, at, type, path, version, agent, data) VALUES (?, ?, 'file.deleted', ?, ?, ?, ?)",
            (seq, now_s, path, version, SERVER, json.dumps({"message": message})),
        )
        connection.execute(
            "INSERT INTO deletions (file_id, seq, version, at, agent, message) VALUES (?, ?, ?, ?, ?, ?)",
            (file_id, seq, version, now_s, SERVER, message),
        )
        connection.execute(
            "UPDATE files SET live = 0, seq = ?, modified_at = ?, modified_by = ? WHERE file_id = ?",
            (seq, now_s, SERVER, file_id),
        )
    return [path for _, path, _ in heads]


def _rows(connection: apsw.Connection, sql: str, *parameters: int | str) -> list[Row]:
    return connection.execute(sql, parameters).fetchall()
