"""The use cases of pausing: a trigger that is paused takes note of everything, and fires nothing until it goes on."""

from collections.abc import Awaitable, Callable

from workspace_server.core.access import Caller
from workspace_server.core.events import EventType
from workspace_server.core.triggers.parsing import parse_definition
from workspace_server.services.arguments import plain_text
from workspace_server.services.automation import schedules
from workspace_server.services.automation.making import new_edition
from workspace_server.services.automation.reaction import Reaction
from workspace_server.services.automation.sight import named
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Commit, Result
from workspace_server.storage.tables import schedules as schedule_rows
from workspace_server.storage.tables import triggers
from workspace_server.storage.tables.triggers import TriggerRow

NOTE_CHARS_MAX = 300


class Pausing:
    """Holds triggers back, and lets them go on. Errors: invalid_argument, not_found, forbidden."""

    def __init__(self, folder: Folder, reaction: Reaction) -> None:
        self._folder = folder
        self._reaction = reaction

    async def pause_trigger(self, caller: Caller, *, name: str, note: str | None = None) -> Result:
        """Let a trigger fire no more and return `{trigger, paused}`.

        Nothing that is saved meanwhile is lost: it is an input once the trigger goes on. Moments of its schedule that
        fall into the pause are left out.

        Args:
            note: Why, for whoever finds it paused.
        """
        plain_text("note", note, NOTE_CHARS_MAX)

        async def pause(commit: Commit, row: TriggerRow) -> None:
            await schedule_rows.remove(commit.tx, row.trigger_id)

        return await self._switch(caller, name, "trigger.paused", pause, note=note)

    async def resume_trigger(self, caller: Caller, *, name: str) -> Result:
        """Let a paused trigger go on and return `{trigger, paused}`: what has come in meanwhile may fire at once."""

        async def resume(commit: Commit, row: TriggerRow) -> None:
            await self._reaction.resume(commit.tx, row.trigger_id)
            if row.state == "active":
                await schedules.begin(commit.tx, row.trigger_id, parse_definition(row.definition))

        return await self._switch(caller, name, "trigger.resumed", resume)

    async def _switch(
        self,
        caller: Caller,
        name: str,
        event: EventType,
        what: Callable[[Commit, TriggerRow], Awaitable[None]],
        *,
        note: str | None = None,
    ) -> Result:
        """Set a trigger's pause and do *what* follows; nothing when it stands that way already."""
        caller.require_somewhere("trigger")
        paused = event == "trigger.paused"

        async def body(commit: Commit) -> Result:
            row = await named(commit.tx, caller, name)
            if (row.paused_at is not None) != paused:
                await triggers.set_paused(commit.tx, row.trigger_id, paused=paused)
                await new_edition(commit.tx)
                await what(commit, row)
                await commit.add(event, trigger=row.name, note=note)
            return {"trigger": row.name, "paused": paused}

        return await self._folder.recorder.change(caller, event.partition(".")[2], body)
