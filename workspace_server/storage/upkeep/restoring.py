"""Makes a workspace of a backup: a folder of its own, whose log goes on above every number that was ever given.

The original may have gone on after the backup was made. So seq and fence start at the time of the restore in
milliseconds, or above what the backup holds: a cursor or a fence from before is never taken for one from after.
"""

import json
from contextlib import closing
from pathlib import Path

import apsw

from workspace_server.core.access import Caller
from workspace_server.core.audit_chain import spell_head
from workspace_server.core.clock import Clock
from workspace_server.core.scopes import ALL
from workspace_server.errors import InvalidArgument
from workspace_server.storage.content import ObjectStore
from workspace_server.storage.database import connect
from workspace_server.storage.migrations import migrate
from workspace_server.storage.tables import audit, intents, tokens
from workspace_server.storage.upkeep.archive import Manifest, Progress, disk_errors, resting_on_nothing, unpack
from workspace_server.storage.upkeep.new_folders import new_workspace

_OPERATOR = Caller(agent="server", scope=ALL, verified=True)


@disk_errors("the restore")
def restore(file: Path, target: Path, *, clock: Clock, progress: Progress = lambda *_: None) -> Manifest:
    """Make the workspace *target* of the backup *file* and return what the backup held. Blocks.

    Nothing counts before all of it was read and found to be what was written. The files of the folder come when the
    workspace is first opened.

    Raises:
        NotFound: There is no such backup.
        InvalidArgument: It is damaged, or *target* is not an empty folder.
        Unavailable: It is of a newer program.
    """
    with new_workspace(target, argument="DIR") as part:
        manifest = unpack(file, part, progress)
        with closing(connect(part / "workspace.db")) as connection:
            migrate(connection)
            _check_whole(connection, part, manifest)
            with connection:
                _begin_anew(connection, clock)
    return manifest


def _check_whole(connection: apsw.Connection, part: Path, manifest: Manifest) -> None:
    """Pass when database, objects and manifest belong together."""
    objects = ObjectStore(part / "objects", part / "tmp")
    head, faults = audit.broken(connection)
    named = connection.execute("SELECT sha256 FROM contents WHERE form = 'object'").fetchall()
    missing = [sha256 for (sha256,) in named if not objects.path(str(sha256)).is_file()]
    missing += resting_on_nothing(connection)
    if missing or faults or spell_head(head) != manifest.audit_head:
        raise InvalidArgument(
            "The backup's parts do not belong together.",
            hint="Nothing of it was used. Take another backup.",
            argument="FILE",
            reason="damaged",
        )


def _begin_anew(connection: apsw.Connection, clock: Clock) -> None:
    now_s = clock.wall_s()
    floor = int(now_s) * 1000
    counted = {str(name): int(str(value)) for name, value in connection.execute("SELECT name, value FROM counters")}
    seq = max(counted["seq"] + 1, floor)
    ended = connection.execute("SELECT count(*) FROM locks WHERE state = 'live'").fetchall()[0][0]
    connection.execute("UPDATE locks SET state = 'broken' WHERE state = 'live'")
    for table in ("checkouts", "lock_selectors", "lock_waits", "intents", "links"):
        connection.execute(f"DELETE FROM {table}")
    connection.execute("UPDATE files SET tree_sha256 = NULL, tree_signature = NULL")
    intents.open_all(connection)
    tokens.revoke_all(connection)
    data = json.dumps({"head_before": counted["seq"], "locks_ended": ended})
    connection.execute(
        "INSERT INTO events (seq, at, type, agent, data) VALUES (?, ?, 'log.restored', 'server', ?)", (seq, now_s, data)
    )
    connection.execute("UPDATE counters SET value = ? WHERE name = 'seq'", (seq,))
    connection.execute("UPDATE counters SET value = max(value, ?) WHERE name = 'fence'", (floor,))
    audit.append(connection, _OPERATOR, "restore", at=now_s, seq=seq)
