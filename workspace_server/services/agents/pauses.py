"""The use cases of pausing agents: nothing that they do changes anything until they are let go on."""

from workspace_server.core.access import Caller, agent_name
from workspace_server.core.agents import Pause
from workspace_server.core.events import EventType
from workspace_server.core.limits import LIMITS
from workspace_server.services.arguments import plain_text
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Commit, Result
from workspace_server.storage.tables import agents, pauses

AGENTS_SHOWN = 20
"""How many paused agents the status names."""


class Pauses:
    """Hold agents up, and let them go on. Errors: forbidden, invalid_argument.

    A pause holds over restarts. It stops every change at every door, in the transaction that would make it; reading
    goes on, and so does what hands something back. Edits on disk have happened already, and are taken in all the same.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    async def pause_agent(self, caller: Caller, *, agent: str, note: str | None = None) -> Result:
        """Hold up the changes of one agent, also of one that has yet to come; return `{agent, paused}`.

        Args:
            note: Why; the agent is told, with each refusal.
        """
        return await self._switch(caller, "pause_agent", "agent.paused", agent_name(agent), note)

    async def resume_agent(self, caller: Caller, *, agent: str, note: str | None = None) -> Result:
        """Let one agent go on and return `{agent, paused}`."""
        return await self._switch(caller, "resume_agent", "agent.resumed", agent_name(agent), note)

    async def pause_workspace(self, caller: Caller, *, note: str | None = None) -> Result:
        """Hold up the changes of all but admins, and what triggers would send out or start; return `{paused}`."""
        return await self._switch(caller, "pause_workspace", "workspace.paused", pauses.EVERYBODY, note)

    async def resume_workspace(self, caller: Caller, *, note: str | None = None) -> Result:
        """Let everything go on and return `{paused}`; agents that are paused by themselves stay so."""
        return await self._switch(caller, "resume_workspace", "workspace.resumed", pauses.EVERYBODY, note)

    async def status(self) -> Result:
        """Return `{workspace, agents}`: whether everybody is paused, and which single agents are, some of many."""
        held = self._folder.gate.standing
        return {
            "workspace": held.workspace is not None,
            "agents": sorted(name for name in held.agents if name != pauses.EVERYBODY)[:AGENTS_SHOWN],
        }

    async def _switch(self, caller: Caller, action: str, event: EventType, whom: str, note: str | None) -> Result:
        """Set or end a pause; nothing when it stands that way already, but that a new note replaces the old one."""
        caller.require("admin")
        said = plain_text("note", note, LIMITS.note_chars_max) or None
        pausing = event.endswith(".paused")

        async def body(commit: Commit) -> Result:
            tx = commit.tx
            before = (await pauses.current(tx)).get(whom)
            if pausing and (before is None or (said is not None and said != before.note)):
                await pauses.pause(tx, whom, Pause(by=caller.agent, at=tx.now_s, note=said))
                if whom != pauses.EVERYBODY:
                    await agents.expect(tx, whom)
                await commit.add(event, whom=whom or None, note=said)
            elif not pausing and before is not None:
                await pauses.resume(tx, whom)
                await commit.add(event, whom=whom or None, note=said)
            await self._folder.gate.follow(tx)
            return ({"agent": whom} if whom else {}) | {"paused": pausing}

        return await self._folder.recorder.change(caller, action, body)
