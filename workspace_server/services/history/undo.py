"""The use case that takes back what one agent did, and keeps what others did."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workspace_server.core import media, undo
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.moments import Moment, parse_moment
from workspace_server.core.paths import parents
from workspace_server.core.patterns import Selector
from workspace_server.core.scopes import Verb
from workspace_server.errors import Conflict, Unavailable, WorkspaceError
from workspace_server.services.arguments import message_text, plain_text, refused
from workspace_server.services.files import changes, explaining
from workspace_server.services.files.changes import Put
from workspace_server.services.files.held import Held
from workspace_server.services.folder import Folder
from workspace_server.services.history.taking_back import Past, Plan, Work, past_of, planned
from workspace_server.services.recording import Commit, Result
from workspace_server.services.selecting import selectors
from workspace_server.storage import content as contents
from workspace_server.storage.content import Content
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files, meta, moments
from workspace_server.storage.upkeep import cutting

MOVED_OUT = "it was moved from or to a place that you may not read"
TRIES_MAX = 8
"""How often it is planned anew when files move on meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """Whose changes are taken back: those beyond seq `since` up to `until`, on the files of `chosen` (None: all)."""

    agent: str
    since: int
    until: int
    chosen: Selector | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """How it is to be done."""

    message: str
    dry_run: bool
    fire: bool
    preview: str | None


class _Rehearsed(Exception):
    """All would go well: the transaction is given up, because it was only to be tried."""

    def __init__(self, result: Result) -> None:
        super().__init__()
        self.result = result


class _Refused(Exception):
    """Some files cannot be changed now: `left` says which and why. The others are tried again without them."""

    def __init__(self, left: dict[str, str]) -> None:
        super().__init__()
        self.left = left


class _Overtaken(Exception):
    """A file has moved on since it was looked at."""


class Undo:
    """Take back the work of one agent. Errors: forbidden, invalid_argument, unavailable."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    async def undo(
        self,
        caller: Caller,
        *,
        agent: str,
        since: str | int,
        until: str | int | None = None,
        path: str | None = None,
        dry_run: bool = False,
        fire: bool = False,
        message: str | None = None,
        preview: str | None = None,
        diffs_max: int = 0,
    ) -> Result:
        """Take back what *agent* did, in one commit that is itself a change like any other.

        A file that nobody has changed since gets the content from before. Where others have, the agent's changes are
        merged out of it; where that cannot be, or the file is locked, it stays as it is and is listed in `left`. What
        an earlier undo has taken back of a file is not looked at again. Files that the caller may not write are left
        out, and so are those for which it has not the verb admin, when *agent* is another one.

        Args:
            since: From when on: a seq (what came after it), a span back from now (`1h`), or a time.
            until: Up to when (a seq: with it).
            path: Only these files: a path, `dir/` or a pattern.
            dry_run: Say what would be done.
            fire: Let triggers see what it brings back as new.
            preview: What a dry run of just this called itself: then nothing else is done than what that one showed.
            diffs_max: Of how many files a dry run also returns the `diff`; None where there is no text.

        Returns:
            `{agent, since_seq, until_seq, commit, seq, files: [{path, did, version?, restored_version?}],
            left: [{path, reason, version, version_before}]}`; `did` is restored, merged, deleted or nothing, and the
            two versions are what stands there now and what stood there before (null: nothing). A dry run has no
            `commit` and `seq`, but `dry_run` and `preview`.

        Raises:
            Conflict: Something else would be done by now than the *preview* showed.
        """
        verbs: tuple[Verb, ...] = ("write",) if agent == caller.agent else ("write", "admin")
        for verb in verbs:
            caller.require_somewhere(verb)
        plain_text("agent", agent, LIMITS.agent_chars_max)
        said = message_text(message) or f"undo of {agent}"
        window = await self._window(agent, since, until, path)
        left: dict[str, str] = {}
        overtaken = 0
        while overtaken < TRIES_MAX:
            pasts = await self._pasts(caller, window, verbs)
            left |= self._forbidden(caller, pasts)
            plan = await planned(self._folder, pasts, left)
            misplaced = self._misplaced(plan)
            if misplaced:
                left |= misplaced
                continue
            try:
                asked = _Asked(message=said, dry_run=dry_run, fire=fire, preview=preview)
                shown = [path for path in sorted(plan.work) if caller.sees(path)][:diffs_max]
                return await self._shown(plan, await self._attempt(caller, window, pasts, plan, asked), shown)
            except _Refused as refusal:
                left |= refusal.left
            except _Overtaken:
                overtaken += 1
        raise Unavailable(
            "The files change faster than they can be looked at; nothing was changed.",
            hint="Name fewer of them with path, or wait until the agents are done.",
            retryable=True,
            reason="overtaken",
        )

    async def _window(self, agent: str, since: str | int, until: str | int | None, path: str | None) -> _Window:
        now_s = self._folder.clock.wall_s()
        first = parse_moment(since, argument="since", now_s=now_s)
        last = None if until is None else parse_moment(until, argument="until", now_s=now_s)

        async def read(tx: Transaction) -> _Window:
            head = await meta.counter(tx, "seq")
            begin = await _seq(tx, first, argument="since", head=head, inclusive=False)
            kept_from = (await cutting.floor(tx)).seq
            if begin < kept_from:
                raise refused(
                    "since", f"the log is kept from seq {kept_from} on", f"since={kept_from}, or a later time."
                )
            end = head if last is None else await _seq(tx, last, argument="until", head=head, inclusive=True)
            if end < begin:
                raise refused("until", f"comes before since: seq {end} and seq {begin}")
            chosen = None if path is None else (await selectors(tx, [path], argument="path"))[0]
            return _Window(agent=agent, since=begin, until=end, chosen=chosen)

        return await self._folder.db.read_long(read)

    async def _pasts(self, caller: Caller, window: _Window, verbs: Sequence[Verb]) -> list[Past]:
        async def read(tx: Transaction) -> list[Past]:
            touched = await moments.touched_by(tx, window.agent, since=window.since, until=window.until)
            paths = [path for path in touched if all(caller.scope.allows(verb, path) for verb in verbs)]
            paths = [path for path in paths if window.chosen is None or window.chosen.covers(path)]
            if len(paths) > LIMITS.commit_files_max:
                reason = f"{window.agent} has changed {len(paths)} files; one commit takes {LIMITS.commit_files_max}"
                raise refused("since", reason, "Name some of them with path, or a later since.")
            known = await moments.undos(tx, since=window.since)
            return [
                await past_of(tx, path, agent=window.agent, since=window.since, until=window.until, undos=known)
                for path in paths
            ]

        return await self._folder.db.read_long(read)

    async def _shown(self, plan: Plan, answer: Result, shown: Sequence[str]) -> Result:
        """Return the answer, in which some files also say how what stands there changes."""
        for one in answer["files"]:
            work = plan.work[one["path"]]
            if one["path"] not in shown or not work.is_needed:
                continue
            now = work.past.head.version if work.past.head.live else None
            if work.content is None:
                one["diff"] = await explaining.version_diff(self._folder, work.path, now, work.version or 0)
            else:
                one["diff"] = await explaining.content_diff(self._folder, work.path, now, work.content)
        return answer

    def _forbidden(self, caller: Caller, pasts: Sequence[Past]) -> dict[str, str]:
        """Return the files that the caller may not write, and why."""
        found = {}
        for past in pasts:
            try:
                self._folder.may_write(caller, past.head.path)
            except WorkspaceError as refusal:
                found[past.head.path] = refusal.message
        return found

    def _misplaced(self, plan: Plan) -> dict[str, str]:
        """Return the files that something in the folder is in the way of, other than what this undo takes away."""
        needed = [work for work in plan.work.values() if work.is_needed]
        emptied = {above for work in needed if work.state is None for above in parents(work.path)}
        found = {}
        for work in needed:
            if work.state is not None and work.path not in emptied:
                try:
                    self._folder.materialiser.look(work.path)
                except WorkspaceError as refusal:
                    found[work.path] = refusal.message
        return found

    async def _attempt(
        self,
        caller: Caller,
        window: _Window,
        pasts: Sequence[Past],
        plan: Plan,
        asked: _Asked,
    ) -> Result:
        """Make what was planned in one commit, or only try it; return the answer.

        Raises:
            _Refused: Some files cannot be changed now.
            _Overtaken: A file has moved on.
        """
        # What is deleted makes room for what comes back.
        needed = [work for work in plan.work.values() if work.is_needed]
        needed.sort(key=lambda work: (work.state is not None, work.path))
        answer: Result = {"agent": window.agent, "since_seq": window.since, "until_seq": window.until}
        left = [
            _left(past, _told(caller, past, plan.left[past.head.path])) for past in pasts if past.head.path in plan.left
        ]

        async def body(commit: Commit) -> Result:
            seq = await meta.counter(commit.tx, "seq")
            name = await commit.open_bracket() if needed else None
            done = await _apply(commit, self._folder, needed, asked.message, fire=asked.fire)
            undid = {"agent": window.agent, "since_seq": window.since, "until_seq": window.until, "first_seq": seq + 1}
            seq = await commit.close_bracket(asked.message, undid=undid) or seq
            files_done = [done.get(path) or {"path": path, "did": "nothing"} for path in sorted(plan.work)]
            preview = undo.preview_name({"files": files_done, "left": left})
            if asked.dry_run:
                raise _Rehearsed({**answer, "files": files_done, "left": left, "dry_run": True, "preview": preview})
            if asked.preview not in (None, preview):
                raise _moved_on(window)
            return {**answer, "commit": name, "seq": seq, "files": files_done, "left": left}

        try:
            return await self._folder.change(caller, "undo", body, [work.path for work in needed])
        except _Rehearsed as rehearsed:
            return rehearsed.result


async def _apply(
    commit: Commit, folder: Folder, needed: Sequence[Work], message: str, *, fire: bool
) -> dict[str, Result]:
    """Change the files and return by path what was done."""
    held = Held((), commit.caller.agent, commit.tx.boot_s)
    done: dict[str, Result] = {}
    refusals: dict[str, str] = {}
    for work in needed:
        here, row = await changes.head(commit.tx, work.path)
        if row is None or (row.version, row.live) != (work.past.head.version, work.past.head.live):
            raise _Overtaken
        try:
            if work.state is None:
                await changes.delete(commit, work.path, held, expect_version=here.version, message=message)
                done[work.path] = {"path": work.path, "did": "deleted"}
            else:
                put = await _put(commit.tx, work, message, fire=fire)
                outcome = await changes.put(commit, folder.objects, put, held)
                done[work.path] = {"path": work.path, "did": _did(work), "version": outcome.version}
                if work.version is not None:
                    done[work.path]["restored_version"] = work.version
        except WorkspaceError as refusal:  # each refuses before it changes anything
            refusals[work.path] = refusal.message
    if refusals:
        raise _Refused(refusals)
    return done


async def _put(tx: Transaction, work: Work, message: str, *, fire: bool) -> Put:
    head = work.past.head
    content, kind = work.content, media.by_name(work.path) or head.media_type
    if work.version is not None:
        known = await files.version(tx, head.file_id, work.version)
        kind = known.media_type if known is not None else kind
    if content is None:
        assert work.state is not None
        size_bytes, form, data = await contents.stored(tx, work.state)
        content = Content(sha256=work.state, size_bytes=size_bytes, form=form, data=data, head=b"")
    facts: dict[str, Any] = {"restored_version": work.version, "quiet": None if fire else True}
    return Put(
        path=work.path,
        op="undo",
        content=content,
        media_type=kind,
        expect_version=head.version if head.live else 0,
        replaces=False,
        message=message,
        event_facts=facts,
    )


def _did(work: Work) -> str:
    return "restored" if work.version is not None else "merged"


def _told(caller: Caller, past: Past, reason: str) -> str:
    """Return why a file stays, without the place that it came from or went to, where the caller may not read that."""
    ends = {end for move in past.moves for end in move} | {step.moved_to for step in past.steps if step.moved_to}
    return reason if all(map(caller.sees, ends)) else MOVED_OUT


def _left(past: Past, reason: str) -> Result:
    """Return what a person needs to know about a file that stays as it is."""
    stretches = past.stretches
    before = past.versions.get(stretches[-1].before or "") if stretches else past.head.version
    return {
        "path": past.head.path,
        "reason": reason,
        "version": past.head.version if past.head.live else None,
        "version_before": before,
    }


async def _seq(tx: Transaction, moment: Moment, *, argument: str, head: int, inclusive: bool) -> int:
    """Return the seq that a moment stands for.

    Raises:
        InvalidArgument: The log does not go that far.
    """
    if moment.seq is None:
        assert moment.at_s is not None
        seq, floor = await moments.seq_at(tx, moment.at_s, inclusive=inclusive), await cutting.floor(tx)
        return max(seq, floor.seq) if moment.at_s > floor.at else seq  # the event at the floor itself may be gone
    if moment.seq > head:
        raise refused(argument, f"the log stands at seq {head}", f"{argument}={head} at most, or a span such as 1h.")
    return moment.seq


def _moved_on(window: _Window) -> Conflict:
    return Conflict(
        f"More has happened since you looked at what would be taken back of {window.agent}; nothing was changed.",
        hint="Look again (a dry run), then take back what that shows.",
        agent=window.agent,
        since_seq=window.since,
        until_seq=window.until,
    )
