"""The use cases of what needs a person: list it, and decide.

A decision is about what the person was shown. An approval names its inputs at their versions: once one of them has
moved on, granting it would let through what nobody has looked at, so that is refused unless the person says that the
old versions are meant. To deny is always possible. Either way the event says `stale` when an input had moved on.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from workspace_server.core.access import Caller
from workspace_server.core.attention import ACTIONS, KINDS, Action, Kind
from workspace_server.core.jobs import job_number
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import Verb
from workspace_server.errors import Conflict, NotFound
from workspace_server.services.arguments import bounded, plain_text, refused
from workspace_server.services.automation import sight
from workspace_server.services.automation.attention import resolve
from workspace_server.services.automation.claimants import is_told
from workspace_server.services.automation.making import Making
from workspace_server.services.automation.queues import NAME_CHARS_MAX, OF_JOBS, Queues
from workspace_server.services.automation.reaction import Reaction
from workspace_server.services.automation.targets.approval import first_of
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Commit, Result
from workspace_server.services.times import iso
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import attention, facts, files, jobs, triggers
from workspace_server.storage.tables.attention import AttentionRow
from workspace_server.storage.tables.triggers import FiringRow

TRIGGERS_SHOWN_MAX = 50
"""Most triggers of which the list counts what is open."""
OF_FILES: Final[tuple[Kind, ...]] = ("conflict", "failed_extraction")
"""The kinds that are about a file alone."""
INPUTS_NAMED_MAX = 20
"""Most inputs that a refusal names as moved on."""

Retry = Callable[[Caller, str], Awaitable[Result]]
"""Tries again what a key names: a delivery, an endpoint, a job. It ends the entry itself, once that goes well."""


class Decisions:
    """What needs a person, and what the person says. Errors: invalid_argument, not_found, conflict, forbidden.

    Everybody who may read sees the list; of it, who may not read all files sees the entries about files, jobs and
    triggers of its own part, and no others are counted. Only the verb `admin` for all that an entry is about decides,
    which the command line on the folder and a browser that `workspace-server open` let in have: no agent approves its
    own work.

    Args:
        retries: What tries again, for each kind that can be.
    """

    def __init__(
        self, folder: Folder, reaction: Reaction, making: Making, queues: Queues, retries: Mapping[Kind, Retry]
    ) -> None:
        self._folder = folder
        self._reaction = reaction
        self._making = making
        self._queues = queues
        self.retries = retries

    async def count(self, caller: Caller) -> int:
        """Return how many entries are open of which a caller is told."""
        return sum((await self._folder.db.read(lambda tx: _open_counts(tx, caller)))["open"].values())

    async def counts(self) -> Result:
        """Return how many entries are open, by kind, for `status`."""
        return dict(await self._folder.db.read(attention.counts))

    async def list_attention(
        self,
        caller: Caller,
        *,
        kind: str | None = None,
        trigger: str | None = None,
        ended: bool = False,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Result:
        """Return `{attention, open, open_by_trigger, next_cursor?}`: entries newest first, and how many are open.

        Args:
            trigger: Only what is about this one, or was set off by it.
            ended: Those that are over instead: how they ended, and who ended them.
        """
        caller.require_somewhere("read")
        bounded("limit", limit, 1, LIMITS.list_rows_max)
        chosen = next((one for one in KINDS if one == kind), None)
        if kind is not None and chosen is None:
            raise refused("kind", f"there is no kind {kind}", f"One of {', '.join(KINDS)}.")
        plain_text("trigger", trigger, NAME_CHARS_MAX)
        before = None if cursor is None else attention.number_of(cursor)
        if cursor is not None and before is None:
            raise refused("cursor", "is not one that this list gave")

        async def read(tx: Transaction) -> Result:
            rows = await _page(
                tx, caller, kind=chosen, trigger=trigger, is_open=not ended, before=before, limit=limit + 1
            )
            shown: Result = {
                "attention": [await _shown(tx, row, caller) for row in rows[:limit]],
                **await _open_counts(tx, caller),
            }
            more = {"next_cursor": attention.name_of(rows[limit - 1].attention_id)} if len(rows) > limit else {}
            return shown | more

        return await self._folder.db.read_long(read)

    async def show_entry(self, caller: Caller, *, attention: str) -> Result:
        """Return one entry, open or over, as the list shows it."""
        caller.require_somewhere("read")

        async def read(tx: Transaction) -> Result:
            return await _shown(tx, await _known(tx, caller, attention), caller)

        return await self._folder.db.read(read)

    async def approve(self, caller: Caller, *, attention: str, note: str | None = None, stale: bool = False) -> Result:
        """Let a flow go on, or a trigger fire from now on, and return `{attention, outcome, stale?}`.

        Args:
            stale: Approve the versions that were asked about even though an input has moved on.
        """
        return await self._judge(caller, attention, "approve", note=note, stale=stale)

    async def deny(self, caller: Caller, *, attention: str, note: str | None = None) -> Result:
        """Say no: what waits for the flow's approval does not start; a trigger that waits for it is deleted."""
        return await self._judge(caller, attention, "deny", note=note, stale=True)

    async def dismiss(self, caller: Caller, *, attention: str, note: str | None = None) -> Result:
        """Take an entry off the list, whatever became of its cause, and return `{attention, outcome}`."""

        async def act(commit: Commit, row: AttentionRow) -> Result:
            await resolve(commit, row.kind, row.key, outcome="dismissed", note=note, by=caller.agent)
            return {"outcome": "dismissed"}

        return await self._decide(caller, attention, "dismiss", note, act)

    async def reply(self, caller: Caller, *, attention: str, reply: str) -> Result:
        """Answer a blocked job, which goes back to its queue with that, and return `{attention, outcome}`."""

        async def act(commit: Commit, row: AttentionRow) -> Result:
            await self._queues.answer(commit, row.key, reply)
            return {"outcome": "replied"}

        return await self._decide(caller, attention, "reply", None, act)

    async def retry(self, caller: Caller, *, attention: str) -> Result:
        """Try again what was given up, and return `{attention, outcome}`; the entry ends once that goes well."""
        caller.require_somewhere("admin")
        row = await self._folder.db.read(lambda tx: _open(tx, caller, attention, "retry"))
        await self.retries[row.kind](caller, row.key)
        return {"attention": attention, "outcome": "retried"}

    async def _judge(self, caller: Caller, name: str, action: Action, *, note: str | None, stale: bool) -> Result:
        granted = action == "approve"
        outcome = "approved" if granted else "denied"

        async def act(commit: Commit, row: AttentionRow) -> Result:
            if row.kind == "approval":
                facts = await self._judge_flow(commit, row, granted=granted, note=note, stale=stale)
            else:
                facts = await self._judge_trigger(commit, row, granted=granted)
            await resolve(commit, row.kind, row.key, outcome=outcome, note=note, by=caller.agent)
            return {"outcome": outcome, **facts}

        return await self._decide(caller, name, action, note, act)

    async def _judge_flow(
        self, commit: Commit, row: AttentionRow, *, granted: bool, note: str | None, stale: bool
    ) -> Result:
        """Decide about the inputs of a firing, which is over with that."""
        tx, firing = commit.tx, await _firing(commit.tx, row)
        inputs = firing.data["inputs"]
        moved = await _moved(tx, inputs)
        if moved and not stale:
            raise _stale(moved)
        path, version = first_of(inputs)
        await commit.add(
            "approval.granted" if granted else "approval.denied",
            path=path,
            version=version,
            firing=row.key,
            trigger=firing.data["trigger"],
            key=firing.data["key"],
            inputs=inputs,
            note=note,
            by=commit.caller.agent,
            stale=bool(moved) or None,
            cause=triggers.cause_of(firing.firing_id, firing.root, firing.depth).as_json(),
        )
        for made in await self._reaction.finish(tx, firing.firing_id):
            await commit.add(made.type, path=made.path, version=made.version, agent="server", **made.data)
        return {"stale": True} if moved else {}

    async def _judge_trigger(self, commit: Commit, row: AttentionRow, *, granted: bool) -> Result:
        await (self._making.activate(commit, row.key) if granted else self._making.remove(commit, row.key))
        return {"trigger": row.key}

    async def _decide(
        self, caller: Caller, name: str, action: Action, note: str | None, act: Callable[..., Awaitable[Result]]
    ) -> Result:
        """Run *act* on an open entry of which *action* may be asked, in one commit."""
        caller.require_somewhere("admin")
        plain_text("note", note, LIMITS.note_chars_max)

        async def body(commit: Commit) -> Result:
            row = await _open(commit.tx, caller, name, action)
            return {"attention": name, **await act(commit, row)}

        return await self._folder.recorder.change(caller, action, body)


async def _has(tx: Transaction, caller: Caller, verb: Verb, row: AttentionRow) -> bool:
    """Whether a caller has a verb for all that an entry is about."""
    if caller.scope.is_whole(verb):
        return True
    if row.kind in OF_JOBS:
        job = await jobs.by_id(tx, job_number(row.key) or 0)
        paths = [] if job is None else [one["path"] for one in job.inputs]
        is_told_of = job is not None and caller.may(verb) and is_told(caller, job)
        return is_told_of if verb == "read" else bool(paths) and all(caller.scope.allows(verb, one) for one in paths)
    if "trigger" in row.about:
        trigger = await triggers.by_name(tx, str(row.about["trigger"]))
        if trigger is None or not sight.sees(caller, trigger):
            return False
        return verb == "read" or all(caller.scope.within(verb, one) for one in sight.reach_of(trigger))
    if row.kind not in OF_FILES or row.path is None:
        return False
    paths = [row.path, row.key] if row.kind == "conflict" else [row.path]
    return all(caller.scope.allows(verb, one) for one in paths)


async def _page(
    tx: Transaction, caller: Caller, *, before: int | None, limit: int, **chosen: Any
) -> list[AttentionRow]:
    """Return entries below the id *before* of which a caller is told, newest first: there are never many."""
    if caller.sees_all:
        return await attention.page(tx, before=before, limit=limit, **chosen)
    found: list[AttentionRow] = []
    while len(found) < limit:
        page = await attention.page(tx, before=before, limit=LIMITS.list_rows_max, **chosen)
        found += [row for row in page if await _has(tx, caller, "read", row)]
        if len(page) < LIMITS.list_rows_max:
            break
        before = page[-1].attention_id
    return found[:limit]


async def _open_counts(tx: Transaction, caller: Caller) -> Result:
    """Return how many entries are open of which a caller is told: `{open, open_by_trigger}`."""
    if caller.sees_all:
        by_trigger = await attention.counts_by_trigger(tx, limit=TRIGGERS_SHOWN_MAX)
        return {"open": await attention.counts(tx), "open_by_trigger": by_trigger}
    most = LIMITS.attention_per_kind_max * len(KINDS)
    rows = await _page(tx, caller, kind=None, trigger=None, is_open=True, before=None, limit=most)
    triggers_of = Counter(str(row.about["trigger"]) for row in rows if "trigger" in row.about)
    open_ = Counter(row.kind for row in rows)
    return {
        "open": {kind: open_[kind] for kind in sorted(open_)},
        "open_by_trigger": dict(triggers_of.most_common(TRIGGERS_SHOWN_MAX)),
    }


async def _known(tx: Transaction, caller: Caller, name: str) -> AttentionRow:
    """Return the entry of that name.

    Raises:
        NotFound: There never was one of which the caller is told, or it is forgotten.
    """
    number = attention.number_of(name)
    row = None if number is None else await attention.by_id(tx, number)
    if row is None or not (await _has(tx, caller, "read", row) or await _has(tx, caller, "admin", row)):
        shown = name[: LIMITS.handle_chars_max]
        raise NotFound(f"There is no entry {shown}.", hint="`workspace-server attention` lists them.", attention=shown)
    return row


async def _open(tx: Transaction, caller: Caller, name: str, action: Action) -> AttentionRow:
    """Return the open entry of that name, about which the caller may decide.

    Raises:
        NotFound: There never was one of which the caller is told, or it is forgotten.
        Forbidden: The caller has not the verb admin for all that it is about.
        Conflict: It has ended.
        InvalidArgument: Nobody can do that about an entry of its kind.
    """
    row = await _known(tx, caller, name)
    if not await _has(tx, caller, "admin", row):
        caller.require("admin")
    if row.ended_at is not None:
        raise Conflict(
            f"{name} is over already: {row.outcome}, by {row.ended_by}.",
            hint="`workspace-server attention` lists what is still open.",
            attention=name,
            outcome=row.outcome,
            by=row.ended_by,
        )
    if action not in ACTIONS[row.kind]:
        can = ", ".join(ACTIONS[row.kind])
        raise refused("attention", f"{name} is no entry to {action}", f"About {row.kind} there is: {can}.")
    return row


async def _firing(tx: Transaction, row: AttentionRow) -> FiringRow:
    """Return the firing that an approval is about."""
    number = triggers.firing_number(row.key)
    firing = None if number is None else await triggers.firing(tx, number)
    assert firing is not None, "an approval is made with its firing, and firings stay"
    return firing


async def _moved(tx: Transaction, inputs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return which inputs are not what they were, as `{path, version, now}`; `now` is None for one that is gone."""
    moved = []
    for one in inputs:
        row = await files.by_path(tx, one["path"])
        now = row.version if row is not None and row.live else None
        if now != one["version"]:
            moved.append({"path": one["path"], "version": one["version"], "now": now})
    return moved


def _stale(moved: Sequence[Mapping[str, Any]]) -> Conflict:
    first = moved[0]
    stands = f"version {first['now']}" if first["now"] is not None else "nothing"
    return Conflict(
        f"{first['path']} has moved on: version {first['version']} was asked about, and {stands} stands there now.",
        hint="Look at what stands there. `stale` approves the old versions all the same; once this is denied, the"
        " trigger asks again about the new ones.",
        stale=list(moved[:INPUTS_NAMED_MAX]),
    )


async def _shown(tx: Transaction, row: AttentionRow, caller: Caller) -> Result:
    shown: Result = {
        "attention": attention.name_of(row.attention_id),
        "kind": row.kind,
        "summary": row.summary,
        "path": row.path,
        "at": iso(row.at),
        "about": row.about,
        "actions": list(ACTIONS[row.kind]) if row.ended_at is None else [],
        "ended_at": None if row.ended_at is None else iso(row.ended_at),
        "ended_by": row.ended_by,
        "outcome": row.outcome,
        "note": row.note,
    }
    if row.kind == "approval" and row.ended_at is None:
        shown["stale"] = (await _moved(tx, (await _firing(tx, row)).data["inputs"]))[:INPUTS_NAMED_MAX] or None
    if row.kind == "failed_extraction" and row.path is not None:
        shown["reason"] = await _why_unread(tx, row.path)
    if row.kind == "needs_approval" and row.ended_at is None and caller.scope.is_whole("admin"):
        trigger = await triggers.by_name(tx, row.key)  # who decides sees the whole address; it may hold a secret
        shown["url"] = None if trigger is None else trigger.definition["url"]
    return {name: value for name, value in shown.items() if value is not None}


async def _why_unread(tx: Transaction, path: str) -> str | None:
    """Return what the reader of files said when it could not read what stands at *path*."""
    row = await files.by_path(tx, path)
    found = None if row is None else await facts.state(tx, path, row.version)
    return found[1] if found is not None and found[0] == "failed" else None
