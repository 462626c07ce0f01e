"""The one list of what needs a person, kept inside the commits of others.

How to use it from a commit of yours:

- **An event says it already** (`file.conflict`, `file.indexed` with state `failed`, `trigger.timed_out`,
  `trigger.suppressed`, `delivery.failed`, `endpoint.disabled`, `approval.requested`): do nothing. Every commit's events
  pass through `follow`, and `core/attention.py` reads which of them begin and which end an entry. An event of yours
  joins them by a line there.
- **No event says it** (a blocked job, a dead one, a failed command, a trigger that waits for approval):
  `await add(commit, kind="dead_job", key="J12", summary="…", about={"queue": "editor"})`, and once the cause is gone
  `await resolve(commit, "dead_job", "J12", outcome="done")`. A second `add` under a key that is open changes nothing,
  a `resolve` without an open entry neither, so neither needs a look before.
- `dead_letter` has the delivery's id as its key, `endpoint_disabled` the `endpoint` of its event: whoever sends a
  letter again, or enables the endpoint, resolves it.

Each entry that begins or ends has an event, `attention.added` or `attention.resolved`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from workspace_server.core.attention import ACTIONS, Kind, Need, Place, needed, settled, shortened, summarised
from workspace_server.core.limits import LIMITS
from workspace_server.services.recording import Commit
from workspace_server.storage.tables import attention
from workspace_server.storage.tables.attention import AttentionRow, name_of
from workspace_server.storage.tables.events import Event

SERVER: Final = "server"
OF_TRIGGERS: Final[tuple[Kind, ...]] = ("timed_out", "suppressed", "needs_approval")
"""What is about a trigger itself, and over when there is none."""


async def add(
    commit: Commit,
    *,
    kind: Kind,
    key: str,
    summary: str,
    path: str | None = None,
    about: Mapping[str, Any] | None = None,
) -> str:
    """Put something on the list and return its name, such as `A12`; what is open under that key stays as it is.

    Never fails for want of room: beyond the bound of its kind the oldest entry leaves the list, with its event, unless
    somebody waits for an answer to it.
    """
    row = await attention.open_at(commit.tx, (kind, key))
    if row is not None:
        return name_of(row.attention_id)
    return await _open(commit, Need(kind=kind, key=key, summary=summary, path=path, about=about or {}))


async def resolve(
    commit: Commit, kind: Kind, key: str, *, outcome: str = "gone", note: str | None = None, by: str = SERVER
) -> bool:
    """Take something off the list and return whether it was on it.

    Args:
        outcome: What became of it, in a word: what a person decided, or `gone`.
        by: Who ended it.
    """
    row = await attention.open_at(commit.tx, (kind, key))
    if row is None:
        return False
    await _end(commit, row, outcome=outcome, note=note, by=by)
    return True


async def follow(commit: Commit, happened: Sequence[Event]) -> None:
    """Begin and end what these events of a commit begin and end."""
    ends = {place for event in happened for place in settled(event)}
    there = await attention.open_among(commit.tx, ends) if ends else set[Place]()
    for event in happened:
        for kind, key in settled(event):
            if (kind, key) in there:
                there.discard((kind, key))
                await resolve(commit, kind, key)
        need = needed(event)
        if need is not None:
            await add(commit, kind=need.kind, key=need.key, summary=need.summary, path=need.path, about=need.about)
            there.add((need.kind, need.key))


async def resolve_all_of(commit: Commit, trigger: str) -> None:
    """Take off the list what is about a trigger that is no more; what it has set off stays."""
    for row in await attention.open_of_trigger(commit.tx, trigger, kinds=OF_TRIGGERS):
        await _end(commit, row, outcome="gone", note=None, by=SERVER)


async def _open(commit: Commit, need: Need) -> str:
    kept = Need(
        kind=need.kind,
        key=need.key,
        summary=summarised(need.summary),
        path=need.path,
        about=shortened(need.about),
    )
    name = name_of(await attention.insert(commit.tx, kept))
    await commit.add(
        "attention.added",
        path=kept.path,
        agent=SERVER,
        attention=name,
        kind=kept.kind,
        key=kept.key,
        summary=kept.summary,
        about=kept.about,
    )
    if "dismiss" in ACTIONS[kept.kind]:  # somebody waits for an answer to the others
        crowded = await attention.oldest_beyond(commit.tx, kept.kind, most=LIMITS.attention_per_kind_max)
        if crowded is not None:
            await _end(commit, crowded, outcome="crowded_out", note=None, by=SERVER)
    return name


async def _end(commit: Commit, row: AttentionRow, *, outcome: str, note: str | None, by: str) -> None:
    await attention.end(commit.tx, row.attention_id, outcome=outcome, by=by, note=note)
    await attention.forget_ended(commit.tx, keep=LIMITS.attention_ended_max)
    await commit.add(
        "attention.resolved",
        path=row.path,
        agent=by,
        attention=name_of(row.attention_id),
        kind=row.kind,
        key=row.key,
        outcome=outcome,
        note=note,
    )
