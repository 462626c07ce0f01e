"""The use cases of notes: what a person tells an agent rides in the agent's next result, whatever that is.

A note is shown at least once: it counts as shown when its result has left, so that a server that is killed between
the two shows it again. Who must acknowledge it is refused every change until then, so that nobody can miss it.
"""

from collections import deque
from collections.abc import Sequence

from workspace_server.core.access import ANONYMOUS, Caller, agent_name
from workspace_server.core.agents import Note, note_number
from workspace_server.core.limits import LIMITS
from workspace_server.errors import JobLost, QuotaExceeded
from workspace_server.services.arguments import plain_text, refused
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Commit, Result
from workspace_server.services.times import iso
from workspace_server.storage.database import Database, Transaction
from workspace_server.storage.tables import agents, notes


class Notes:
    """Leave notes and show them. Errors: forbidden, invalid_argument, quota_exceeded, job_lost.

    A note is for a name. Of several processes that act under one, whichever asks first is shown it; all of them are
    held up until one has acknowledged it.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._waiting: dict[str, deque[Note]] = {}
        self._shown: list[tuple[int, float]] = []

    async def load(self, db: Database) -> None:
        """Learn which notes have not been shown yet."""
        for note in await db.read(notes.unshown):
            self._await(note)

    async def leave_note(self, caller: Caller, *, agent: str, text: str, acknowledge: bool = False) -> Result:
        """Leave an agent a note, also one that has yet to come, and return `{note, agent}`.

        Args:
            acknowledge: Whether it changes nothing until it has said that it read this.
        """
        caller.require("admin")
        whom = agent_name(agent)
        if whom == ANONYMOUS:
            raise refused("agent", "many callers have no name, and one of them would get it", "Name an agent.")
        if not (plain_text("text", text, LIMITS.note_chars_max) or "").strip():
            raise refused("text", "is empty", "Say what the agent is to know.")

        async def body(commit: Commit) -> Result:
            tx = commit.tx
            waiting = await notes.open_of(tx, whom)
            if waiting >= LIMITS.note_open_max:
                raise QuotaExceeded(
                    f"{waiting} notes wait for {whom} already.",
                    hint="Wait until it has read them, or say it in one note.",
                    limit=LIMITS.note_open_max,
                    actual=waiting + 1,
                )
            await agents.expect(tx, whom)
            note = await notes.insert(tx, agent=whom, by=caller.agent, text=text, must_acknowledge=acknowledge)
            await commit.add("agent.noted", whom=whom, note=text, job=note.name, acknowledge=acknowledge or None)
            await self._folder.gate.follow(tx)
            tx.after_commit(lambda: self._await(note))
            return {"note": note.name, "agent": whom}

        return await self._folder.recorder.change(caller, "leave_note", body)

    async def acknowledge(self, caller: Caller, *, note: str, outcome: str, words: str | None) -> Result:
        """Take it that the caller has read a note and return `{job, state}`; a second time nothing happens.

        Args:
            words: What it answers; kept and shown.
        """
        if outcome != "done":
            raise refused("outcome", "must be done for a note", "Say in `note` what you make of it.")
        number = note_number(note)
        assert number is not None, "only notes come here"

        async def body(commit: Commit) -> Result:
            row = await notes.by_number(commit.tx, number)
            if row is None or row.note.agent != caller.agent:
                raise JobLost("It is not a note for you.", hint="Go on with your work.", job=note, reason="unknown")
            if row.acknowledged_at is None:
                await notes.acknowledge(commit.tx, row.note, words)
                await commit.add("agent.acknowledged", job=note, note=words)
                await self._folder.gate.follow(commit.tx)
                commit.tx.after_commit(lambda: self._no_more(row.note))
            return {"job": note, "state": "done"}

        return await self._folder.recorder.change(caller, "acknowledge", body)

    def take(self, agent: str) -> Result | None:
        """Return the oldest note that *agent* has not been shown, as it rides in a result; it counts as shown."""
        if agent not in self._waiting:  # as for nearly every result
            return None
        note = self._waiting[agent].popleft()
        if not self._waiting[agent]:
            del self._waiting[agent]
        self._shown.append((note.number, self._folder.clock.wall_s()))
        notice: Result = {"job": note.name, "from": note.by, "at": iso(note.at), "text": note.text}
        return notice | ({"acknowledge": note.acknowledging} if note.must_acknowledge else {})

    def drain(self) -> Sequence[tuple[int, float]]:
        """Return which notes were shown, and when, since this was last asked."""
        shown, self._shown = self._shown, []
        return shown

    def put_back(self, shown: Sequence[tuple[int, float]]) -> None:
        """Take back what could not be written."""
        self._shown += shown

    async def record(self, tx: Transaction, shown: Sequence[tuple[int, float]]) -> None:
        """Write which notes were shown."""
        await notes.show(tx, shown)

    def _await(self, note: Note) -> None:
        self._waiting.setdefault(note.agent, deque()).append(note)

    def _no_more(self, note: Note) -> None:
        """Show a note no more that was acknowledged before it was shown: a refusal has told it."""
        left = deque(one for one in self._waiting.pop(note.agent, ()) if one.number != note.number)
        if left:
            self._waiting[note.agent] = left
