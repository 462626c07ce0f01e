"""How a change is recorded: its events, its audit row, what it triggers and its answer, all in one transaction."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import nullcontext
from typing import Any, Protocol

from workspace_server.core.access import Caller
from workspace_server.core.events import FILE_CHANGES, EventType, paths_of
from workspace_server.core.guarded import Guarded
from workspace_server.core.room import ESSENTIAL, check_room
from workspace_server.errors import InvalidArgument
from workspace_server.services.agents import gate
from workspace_server.services.spans import Asked, Spans
from workspace_server.services.tree.goals import Goal, read_from_tree, standing_before
from workspace_server.storage.content import Content
from workspace_server.storage.database import Database, Transaction
from workspace_server.storage.tables import audit, events, intents, meta, requests
from workspace_server.storage.tables.events import Event
from workspace_server.storage.tables.files import FileRow

Result = dict[str, Any]
"""A JSON-ready answer with the contract's keys."""


GOALS_MAX = 64
"""Most working copies whose goals a commit hands on: with inline content they fit into 4 MiB. More are read again."""


class Reaction(Protocol):
    """What follows from events inside the commit that makes them: the triggers."""

    async def cause(self, tx: Transaction, caller: Caller) -> dict[str, Any] | None:
        """Return the causal chain that the caller's events carry: `{firing, root, depth}`."""

    async def advance(self, commit: "Commit", happened: Sequence[Event]) -> Sequence["NewEvent"]:
        """Move every trigger on and return the events that this makes.

        What the caller should know besides goes to the commit's `warnings`.
        """


Attend = Callable[["Commit", Sequence[Event]], Awaitable[None]]
"""Called with what happened at the end of a commit, still inside of it, to keep the list of what needs a person."""


class Bounds(Protocol):
    """What a change is held to besides its own rules: the quotas."""

    async def begin(self, tx: Transaction, agent: str) -> Any:
        """Return what holds for what *agent* changes, and what stands there now; falsy for nothing."""

    async def end(self, commit: "Commit", action: str, held: Any) -> None:
        """Pass when *commit* may stand.

        Raises:
            QuotaExceeded: It may not.
        """


class NewEvent(Protocol):
    """An event to be, before it has its seq."""

    type: EventType
    path: str | None
    version: int | None
    data: dict[str, Any]


class Commit:
    """One change in the making: it draws seqs, collects events, and is finished exactly once."""

    def __init__(
        self,
        tx: Transaction,
        caller: Caller,
        reaction: Reaction | None,
        attend: Attend | None,
        guarded: Guarded,
    ) -> None:
        self.tx = tx
        self.caller = caller
        self.events: list[Event] = []
        self.number: int | None = None
        """The number of a commit of several files; None for a single one."""
        self.goals: dict[str, Goal | None] = {}
        """What the working tree is to hold, by path; None for what is to be read from the database."""
        self.about: str | None = None
        """What the act is about, where no event says so: with this it stands in the audit log without any event."""
        self.warnings: list[Result] = []
        """What triggers have to say of it; it stands among the `warnings` of the answer."""
        self.freed: Callable[[], None] = lambda: None
        """Called once this is durable, when it ends a lock or leaves the line for one."""
        self._reaction = reaction
        self._attend = attend
        self._guarded = guarded
        self._cause: dict[str, Any] | None = None
        self._cause_known = False

    async def add(
        self,
        kind: EventType,
        /,
        *,
        path: str | None = None,
        version: int | None = None,
        agent: str | None = None,
        **data: Any,
    ) -> int:
        """Add one event and return its seq; facts that are None are left out.

        Args:
            agent: Whose act it is, when it is not the caller's.
        """
        kept = await self._shared() | {name: value for name, value in data.items() if value is not None}
        seq = await meta.raise_counter(self.tx, "seq")
        event = Event(seq, self.tx.now_s, kind, path, version, agent or self.caller.agent, kept)
        await events.append(self.tx, event)
        self.events.append(event)
        return seq

    async def add_all(self, kind: EventType, changed: Sequence[tuple[str, int, dict[str, Any]]]) -> int:
        """Add an event for each file, given its path, its version and the facts; return the first one's seq."""
        shared = await self._shared()
        first = await meta.raise_counter(self.tx, "seq", len(changed)) - len(changed) + 1
        agent, now_s = self.caller.agent, self.tx.now_s
        made = [
            Event(seq, now_s, kind, path, version, agent, facts | shared)
            for seq, (path, version, facts) in enumerate(changed, first)
        ]
        await events.append_all(self.tx, made)
        self.events += made
        return first

    async def intend(
        self,
        row: FileRow | None,
        path: str,
        *,
        version: int | None = None,
        content: Content | None = None,
        op: str | None = None,
    ) -> None:
        """Say in the commit itself that the tree must follow; without content *path* is to be absent.

        Args:
            row: The file as it was before.
            op: What made the version.
        """
        intent_id = await intents.open_(
            self.tx,
            path,
            version=version,
            sha256=content.sha256 if content is not None else None,
            previous_sha256=standing_before(row),
        )
        self.goals[path] = Goal.of_commit(
            path, intent_id=intent_id, content=content, row=row, tree_leads=read_from_tree(self.caller.agent, op)
        )

    async def open_bracket(self) -> str:
        """Make this a commit of several files and return its name."""
        self.number = await meta.raise_counter(self.tx, "commit")
        return commit_name(self.number)

    async def close_bracket(self, message: str | None, **facts: Any) -> int | None:
        """End a commit of several files with the event that names it; return that one's seq, or None for no bracket."""
        if self.number is None or not self.events:
            return None
        changed = sum(event.type.startswith("file.") for event in self.events)
        return await self.add("files.committed", files=changed, message=message, **facts)

    async def finish(self, action: str) -> None:
        """Write the audit row, let the triggers move on, and note what needs a person."""
        if not self.events:
            if self.about is not None:
                await audit.add(self.tx, self.caller, action, self.about, None)
            return
        first = next((event for event in self.events if event.path is not None), self.events[0])
        await audit.add(self.tx, self.caller, action, first.path or self.about, first.seq)
        await self._mark_guarded()
        followed = 0
        while followed < len(self.events):  # what follows is an event, too, and something may follow from it
            happened = tuple(self.events[followed:])
            followed = len(self.events)
            if self._attend is not None:
                await self._attend(self, happened)
            if self._reaction is not None:
                for made in await self._reaction.advance(self, happened):
                    await self.add(made.type, path=made.path, version=made.version, agent="server", **made.data)

    async def _mark_guarded(self) -> None:
        """Give each change of a file that agents obey unasked an audit row of its own, also those made on disk."""
        for event in self.events:
            if event.type in FILE_CHANGES:
                for path in filter(self._guarded.covers, paths_of(event.path, event.data)):
                    await audit.add(self.tx, self.caller, "change_guarded", path, event.seq)

    async def _shared(self) -> dict[str, Any]:
        """Return what all events of this commit say: of which bracket they are, and what caused them."""
        shared: dict[str, Any] = {}
        if self.number is not None:
            shared["commit"] = commit_name(self.number)
        cause = await self._chain()
        if cause is not None:
            shared["cause"] = cause
        return shared

    async def _chain(self) -> dict[str, Any] | None:
        if not self._cause_known:
            self._cause_known = True
            if self._reaction is not None:
                self._cause = await self._reaction.cause(self.tx, self.caller)
        return self._cause


def _again(asked: str, first: str, answer: Result) -> Result:
    """Return the first answer to a request that is repeated."""
    if asked != first:
        raise InvalidArgument(
            f"This request id was used for another call, {first.partition(' ')[0]}.",
            hint="Give every call an id of its own, and repeat it only with the very same call.",
            argument="requestId",
            reason="used for another call",
        )
    return {**answer, "replayed": True}


def commit_name(number: int) -> str:
    """Return what names a commit of several files."""
    return f"C{number}"


Body = Callable[[Commit], Awaitable[Result]]


class Recorder:
    """Runs changing bodies: once per request id, with everything that a change owes, in one transaction.

    Args:
        reaction: The triggers; None where none are wanted.
        attend: The list of what needs a person; None where none is kept.
        follow: Called after each commit with what the working tree is to hold: per path its goal, or None for one that
            is to be read from the database.
        committed: Called with the new head seq, on the event loop's thread, after each commit that made events.
    """

    def __init__(self, db: Database, committed: Callable[[int], None], reaction: Reaction | None = None) -> None:
        self._db = db
        self._committed = committed
        self.reaction = reaction
        self.attend: Attend | None = None
        self.bounds: Bounds | None = None
        self.check_open: Callable[[Caller], None] = lambda _caller: None
        """Refuses whoever may change nothing any more: a call may have waited since it came in."""
        self.guarded = Guarded(())
        self.follow: Callable[[dict[str, Goal | None]], None] = lambda _goals: None
        self.freed: Callable[[], None] = lambda: None
        self.noticed: Callable[[Sequence[Event]], None] = lambda _happened: None
        """Called after each commit with its events, on the event loop's thread."""
        self.spans: Spans | None = None
        """Tells a collector of traces, where there is one."""

    async def change(
        self, caller: Caller, action: str, body: Body, *, is_behind: bool = False, once: Collection[str] = ()
    ) -> Result:
        """Run *body* once and return its answer; a repeated request id gets the first answer with `replayed: true`.

        Args:
            is_behind: Whether others' changes go first, for a moment.
            once: Keys that only the first answer has: secrets, which are not stored to be told again.

        Raises:
            InvalidArgument: The request id was used for something else.
            Paused: A person holds up what the caller changes.
            QuotaExceeded: More would stand there than may.
            Unauthenticated: The token by which the caller came in has ended meanwhile.
            Unavailable: The disk is full, and this is not essential.
        """
        self.check_open(caller)
        self.check_room(action)
        asked = f"{action} {caller.asked}" if caller.asked else action
        traced = nullcontext() if self.spans is None else self.spans.asked(caller, action)

        async def transaction(tx: Transaction) -> Result:
            if caller.request_id is not None:
                first = await requests.answered(tx, caller.agent, caller.request_id)
                if first is not None:
                    return _again(asked, *first)
            await gate.allow(tx, caller, action)
            commit = Commit(tx, caller, self.reaction, self.attend, self.guarded)
            commit.freed = self.freed
            held = None if self.bounds is None else await self.bounds.begin(tx, caller.agent)
            result = await body(commit)
            if held:
                assert self.bounds is not None, "what has begun is not taken away"
                await self.bounds.end(commit, action, held)
            await commit.finish(action)
            if commit.warnings:
                result = {**result, "warnings": [*result.get("warnings", []), *commit.warnings]}
            if caller.request_id is not None:
                kept = {key: value for key, value in result.items() if key not in once}
                await requests.remember(tx, caller.agent, caller.request_id, asked, kept)
            if commit.goals:
                goals = commit.goals if len(commit.goals) <= GOALS_MAX else dict.fromkeys(commit.goals)
                tx.after_commit(lambda: self.follow(goals))
            if commit.events:
                head = commit.events[-1].seq
                tx.after_commit(lambda: self.noticed(commit.events))
                tx.after_commit(lambda: self._committed(head))
                if isinstance(traced, Asked):
                    tx.after_commit(lambda: traced.committed(commit.events, tx.now_s))
            return result

        with traced:
            return await self._db.write(transaction, essential=action in ESSENTIAL, is_behind=is_behind)

    def check_room(self, action: str) -> None:
        """Pass when the disk has room for *action*.

        Raises:
            Unavailable: It has not.
        """
        check_room(action, short=self._db.reserve is not None and self._db.reserve.short)
