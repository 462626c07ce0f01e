"""What an undo would do to each file: found out before its transaction, with the merges on other threads."""

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from workspace_server.core import media, undo
from workspace_server.core.limits import LIMITS
from workspace_server.core.undo import Done, Left, Step, Stretch, Undid
from workspace_server.errors import Gone, Unavailable
from workspace_server.services.files.merging import merged
from workspace_server.services.files.puts import stored
from workspace_server.services.folder import Folder
from workspace_server.storage import content as contents
from workspace_server.storage import soundness
from workspace_server.storage.content import Content
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files, moments
from workspace_server.storage.tables.files import FileRow
from workspace_server.storage.tables.moments import UndoRow

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One file that the agent changed: what stood there before, and what happened since.

    Attributes:
        head: The file as it is now.
        before: The file as it was at the beginning, deleted or not; None when it was not made yet.
        versions: A version of this file for each hash that it ever held since, itself included.
        moves: Both paths of each move by the agent that began or ended here.
    """

    head: FileRow
    before: FileRow | None
    steps: tuple[Step, ...]
    versions: Mapping[str, int]
    moves: tuple[tuple[str, str], ...]

    @property
    def state(self) -> undo.State:
        """What stood there before."""
        return self.before.sha256 if self.before is not None and self.before.live else None

    @property
    def current(self) -> undo.State:
        """What stands there now."""
        return self.head.sha256 if self.head.live else None

    @property
    def stretches(self) -> list[Stretch]:
        """What is to be taken back."""
        return undo.stretches(self.state, self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is to be done to one file.

    Attributes:
        state: The hash of what is to stand there; None: nothing.
        content: The content, when a merge made it.
        version: The version of this file that held it, when one did.
    """

    past: Past
    state: undo.State
    content: Content | None = None
    version: int | None = None

    @property
    def path(self) -> str:
        """Which file."""
        return self.past.head.path

    @property
    def is_needed(self) -> bool:
        """Whether the file is not so already."""
        return self.state != self.past.current


@dataclass(slots=True)
class Plan:
    """What is to be done, and what is left to a person and why, by path."""

    work: dict[str, Work] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)


async def past_of(
    tx: Transaction, path: str, *, agent: str, since: int, until: int, undos: Sequence[UndoRow] = ()
) -> Past:
    """Return the past of one file that *agent* has changed beyond seq *since* up to *until*.

    Args:
        undos: Those made since: what they have taken back of the file is not to be taken back again.
    """
    head = await files.by_path(tx, path)
    assert head is not None, f"an event names {path}"
    before = await moments.by_path(tx, path, seq=since)
    changes = await moments.changes_of(tx, head.file_id, since=since)
    gone = undo.taken_back(Done(one.seq, one.agent, _undid(one.seq, undos)) for one in changes)
    steps: list[Step] = []
    moves: list[tuple[str, str]] = []
    for change in changes:
        mine = change.agent == agent and change.seq <= until and change.seq not in gone
        steps.append(Step(mine=mine, after=change.sha256, moved_to=change.moved_to))
        if mine and change.moved_to is not None:
            moves.append((path, change.moved_to))
        if mine and change.moved_from is not None:
            moves.append((change.moved_from, path))
    known = [] if before is None else [(before.sha256, before.version)]
    known += [(change.sha256, change.version) for change in changes if change.sha256 is not None]
    return Past(head=head, before=before, steps=tuple(steps), versions=dict(known), moves=tuple(moves))


def _undid(seq: int, undos: Iterable[UndoRow]) -> Undid | None:
    """Return what the undo took back that the change at *seq* belongs to, if it belongs to one."""
    return next((Undid(one.agent, one.since, one.until) for one in undos if one.first <= seq <= one.last), None)


async def planned(folder: Folder, pasts: Sequence[Past], left: Mapping[str, str]) -> Plan:
    """Return what taking the agent's changes back means for each file.

    Args:
        left: Files that must stay as they are, and why.
    """
    by_path = {past.head.path: past for past in pasts}
    moves = [move for past in pasts for move in past.moves]
    made: dict[str, Content] = {}
    states: dict[str, undo.State] = {}
    reasons = dict(left)
    for path, past in by_path.items():
        if path in reasons:
            continue
        verdict = await _undone(folder, past, made)
        if isinstance(verdict, Left):
            reasons[path] = verdict.reason
        else:
            states[path] = verdict.state
    for source, target in moves:
        if source in states and target in by_path and target in reasons and target not in left:
            back, stays = await _followed(folder, by_path[source], by_path[target], made)
            if back is not None:
                states[source], states[target] = back, stays
                del reasons[target]
    reasons |= {path: why for path, why in _half_moves(moves, by_path) if path not in reasons}
    plan = Plan(left=undo.together(moves, reasons))
    for path, state in states.items():
        if path not in plan.left:
            past = by_path[path]
            version = past.versions.get(state) if state is not None else None
            plan.work[path] = Work(past=past, state=state, content=made.get(state or ""), version=version)
    return plan


def _half_moves(moves: Iterable[tuple[str, str]], known: Mapping[str, Past]) -> Iterator[tuple[str, str]]:
    """Yield the ends of moves whose other end is not to be touched, and why they are left."""
    for source, target in moves:
        for here, there in ((source, target), (target, source)):
            if here in known and there not in known:
                yield here, f"it was moved together with {there}, which is outside of what was asked for"


async def _undone(folder: Folder, past: Past, made: dict[str, Content]) -> undo.Verdict:
    def rule(merge: undo.Merge) -> undo.Verdict:
        return undo.undone(past.state, past.steps, merge)

    return await _merging(folder, rule, [past.current, *(state for one in past.stretches for state in one)], made)


async def _followed(
    folder: Folder, source: Past, target: Past, made: dict[str, Content]
) -> tuple[undo.State, undo.State]:
    def rule(merge: undo.Merge) -> tuple[undo.State, undo.State]:
        return undo.followed(source.stretches, target.stretches, target.current, merge)

    states = [target.current, *(state for past in (source, target) for one in past.stretches for state in one)]
    return await _merging(folder, rule, states, made)


class _MergeNeeded(Exception):
    """The rule asks for a merge: only now the texts are read."""


def _no_merge(*_: str) -> str | None:
    raise _MergeNeeded


async def _merging(
    folder: Folder, rule: Callable[[undo.Merge], T], states: Iterable[undo.State], made: dict[str, Content]
) -> T:
    """Return what *rule* says, with the texts behind *states* at hand when it asks; what it makes goes into *made*."""
    with contextlib.suppress(_MergeNeeded):
        return rule(_no_merge)
    texts = await folder.db.read_long(lambda tx: _texts(tx, folder, {state for state in states if state is not None}))
    results: list[bytes] = []

    def merge(base: str, mine: str, theirs: str) -> str | None:
        old, a, b = (texts.get(state) for state in (base, mine, theirs))
        text = merged(old.text, a.text, b.text) if old and a and b else None
        if text is None or a is None:
            return None
        data = a.encode(text)
        sha256 = hashlib.sha256(data).hexdigest()
        texts[sha256] = a._replace(text=text)
        results.append(data)
        return sha256

    said = await asyncio.to_thread(rule, merge)
    for data in results:
        content = await stored(folder, data)
        made[content.sha256] = content
    return said


async def _texts(tx: Transaction, folder: Folder, hashes: Iterable[str]) -> dict[str, media.Text]:
    """Return the texts behind the hashes, but for what is no text, too large to be merged, removed or damaged."""
    found = {}
    for sha256 in hashes:
        with contextlib.suppress(Gone, Unavailable):
            size_bytes, form, data = await contents.stored(tx, sha256)
            if size_bytes <= LIMITS.merge_bytes_max:
                text = media.decode(soundness.whole(form, data, folder.objects.path(sha256)))
                if text is not None:
                    found[sha256] = text
    return found
