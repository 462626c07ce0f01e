"""The use cases of triggers: make, change, list with what is in and what is missing, delete."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from workspace_server.core.access import CONFIG, Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.triggers.fields import check_name
from workspace_server.core.triggers.parsing import parse_definition
from workspace_server.errors import Forbidden
from workspace_server.services.arguments import bounded, plain_text, refused
from workspace_server.services.automation.making import Making, says
from workspace_server.services.automation.sight import named, present, sees
from workspace_server.services.automation.standing import keys_of, shown
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Commit, Result
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import triggers
from workspace_server.storage.tables.triggers import TriggerRow

NAME_CHARS_MAX: Final = 64


class Triggers:
    """Rules that start the next agent. Errors: invalid_argument, name_taken, not_found, quota_exceeded, forbidden."""

    def __init__(self, folder: Folder, making: Making) -> None:
        self._folder = folder
        self._making = making

    async def create_trigger(
        self,
        caller: Caller,
        *,
        name: str,
        files: Sequence[str | Mapping[str, str]] | str | None = None,
        options: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Result:
        """Make a trigger; the same one a second time is the one that is there.

        Args:
            caller: Who makes it.
            name: How it is called.
            files: Paths and patterns; `{name}` makes a join per value. A schedule or a manifest does without.
            options: Fields beyond those that the tool has parameters for.
            fields: The other fields of a trigger, by their names; one that is None counts as left out.

        Returns:
            `{trigger, state, secret?, warnings}`; the secret of a webhook is shown this once.
        """
        caller.require_somewhere("trigger")
        given = _flat({"name": name, "files": files, **fields}, options)

        async def body(commit: Commit) -> Result:
            commit.about = given.get("name")
            return await self._making.make(commit, given)

        return await self._folder.recorder.change(caller, "create_trigger", body, once=("secret",))

    async def change_trigger(self, caller: Caller, *, name: str, **fields: Any) -> Result:
        """Change a trigger and return what `create_trigger` does; a field that is None goes back to its default.

        It begins anew: what was in for its next firing counts as its `since` says. Its secret stays, unless given.
        """
        caller.require_somewhere("trigger")
        check_name("name", name)

        async def body(commit: Commit) -> Result:
            row = await _outside_file(commit.tx, caller, name)
            if row.secret is not None and caller.agent != row.created_by:
                caller.require("admin")  # it stays, and where to and by which secret is its maker's word
            given = parse_definition(row.definition).as_mapping() | fields
            kept = {one: value for one, value in given.items() if value is not None}
            if await says(commit.tx, row, given, caller):
                return {"trigger": name, "state": row.state, "warnings": []}
            if "url" in kept and row.secret is not None:
                kept.setdefault("secret", row.secret)
            commit.about = name
            await self._making.remove(commit, name)
            return await self._making.make(commit, kept, paused=row.paused_at is not None)

        return await self._folder.recorder.change(caller, "change_trigger", body, once=("secret",))

    async def list_triggers(
        self, caller: Caller, *, name: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Result:
        """Return `{triggers, next_cursor?}` by name: what is in, what is missing and why, what waits and what failed.

        Args:
            name: Only the one of that name; none when there is none.
            limit: How many; by default all.
            cursor: From the page before.
        """
        caller.require_somewhere("trigger")
        if limit is not None:
            bounded("limit", limit, 1, LIMITS.list_rows_max)
        plain_text("cursor", cursor, NAME_CHARS_MAX)

        async def read(tx: Transaction) -> Result:
            if name is not None:
                row = await triggers.by_name(tx, name)
                return {"triggers": await shown(tx, [] if row is None or not sees(caller, row) else [row], caller)}
            rows = await present(tx, caller, after=cursor or "", limit=None if limit is None else limit + 1)
            page: Result = {"triggers": await shown(tx, rows[:limit], caller)}
            return page if limit is None or len(rows) <= limit else {**page, "next_cursor": rows[limit - 1].name}

        return await self._folder.db.read_long(read)

    async def list_keys(self, caller: Caller, *, name: str, skip: int = 0, limit: int = 20) -> Result:
        """Return `{keys, more}` of a trigger, the last used first: what is in and what is missing for each.

        Args:
            skip: How many to leave out before those.
        """
        caller.require_somewhere("trigger")
        bounded("limit", limit, 1, LIMITS.list_rows_max)
        bounded("skip", skip, 0, LIMITS.trigger_keys_max)

        async def read(tx: Transaction) -> Result:
            row = await named(tx, caller, name)
            keys = await keys_of(tx, parse_definition(row.definition), row.trigger_id, limit=limit + 1, skip=skip)
            return {"keys": keys[:limit], "more": len(keys) > limit}

        return await self._folder.db.read_long(read)

    async def delete_trigger(self, caller: Caller, *, name: str) -> Result:
        """Delete a trigger and return `{deleted}`; what it has set off goes on."""
        caller.require_somewhere("trigger")
        check_name("name", name)

        async def body(commit: Commit) -> Result:
            commit.about = name
            await _outside_file(commit.tx, caller, name)
            await self._making.remove(commit, name)
            return {"deleted": name}

        return await self._folder.recorder.change(caller, "delete_trigger", body)


def _flat(given: Mapping[str, Any], options: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the fields of a trigger, wherever they were given."""
    fields = {name: value for name, value in given.items() if value is not None}
    for name, value in (options or {}).items():
        if value is not None and fields.setdefault(name, value) is not value:
            raise refused(name, "is given twice, as a parameter and in options")
    return fields


async def _outside_file(tx: Transaction, caller: Caller, name: str) -> TriggerRow:
    """Return the trigger of that name that the caller sees, about which the operator's file says nothing.

    Were one of the file made anew by somebody else, the file could not be brought in line when the server starts.

    Raises:
        NotFound: There is none.
        Forbidden: It stands in the file.
    """
    row = await named(tx, caller, name)
    if row.created_by == CONFIG:
        raise Forbidden(
            f"The trigger {name} stands in the operator's file of triggers.",
            hint="The operator changes it there; then `workspace-server triggers --reload`.",
            verb="admin",
        )
    return row
