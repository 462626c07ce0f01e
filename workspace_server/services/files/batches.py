"""The parts of a commit of several files: read and bounded first, then applied one after the other."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import canonical_file
from workspace_server.errors import VersionRequired, WorkspaceError
from workspace_server.services.arguments import Encoding, refused
from workspace_server.services.files import changes, drafts, moving
from workspace_server.services.files.changes import Put
from workspace_server.services.files.drafts import Sent
from workspace_server.services.files.held import Held
from workspace_server.services.files.puts import EditPut, write_put
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Commit, Result

T = TypeVar("T")
DRAFTS_NAMED_MAX = 10
"""How many drafts the hint of a refused commit names; its `drafts` names all."""

FIELDS = {
    "write": (set[str](), {"content", "draft", "encoding", "expect_version", "overwrite", "append", "sources"}),
    "edit": ({"edits"}, {"expect_version"}),
    "move": ({"to"}, {"copy", "expect_version", "overwrite"}),
    "delete": (set[str](), {"expect_version"}),
}
"""What each op needs, and what it may have besides."""

KINDS: dict[str, type | tuple[type, ...]] = {
    "path": str,
    "content": str,
    "draft": str,
    "encoding": str,
    "expect_version": int,
    "overwrite": bool,
    "append": bool,
    "sources": list,
    "edits": list,
    "to": str,
    "copy": bool,
}
"""What kind of JSON value each field is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change of a commit, checked as far as that goes before the transaction.

    Attributes:
        put: What a write or an edit commits; None for a move or a delete.
        sent: A write as it came; None for all else.
    """

    op: str
    path: str
    put: Put | None
    sent: Sent | None
    to: str | None
    fields: Mapping[str, Any]

    @property
    def paths(self) -> list[str]:
        """The paths that this step changes."""
        return [self.path] if self.to is None else [self.path, self.to]


class Batch:
    """All changes of one commit, in order; each path is changed once."""

    def __init__(self, folder: Folder, steps: Sequence[Step], message: str | None) -> None:
        self._folder = folder
        self._steps = steps
        self._message = message
        self.paths = [path for step in steps for path in step.paths]
        self.sources = [source for step in steps if step.put is not None for source in step.put.sources]

    @classmethod
    async def prepare(
        cls, folder: Folder, caller: Caller, entries: Sequence[Mapping[str, Any]], message: str | None
    ) -> "Batch":
        """Read the entries of a call.

        Raises:
            InvalidArgument: An entry has the wrong fields, two change one path, or they name too many sources.
            TooLarge, InvalidPath, Forbidden: As for single calls; `change` says which entry.
        """
        if not 1 <= len(entries) <= LIMITS.commit_files_max:
            raise refused("changes", f"takes 1 to {LIMITS.commit_files_max} entries", "Make several commits.")
        steps: list[Step] = []
        seen: set[str] = set()
        size = sources = 0
        for index, entry in enumerate(entries):
            step = await _numbered(index, _step(folder, caller, entry, message))
            for path in step.paths:
                if path in seen:
                    raise refused("changes", f"{path} is changed twice", "Make one change of both, or two commits.")
                seen.add(path)
            size += 0 if step.sent is None else step.sent.content.size_bytes
            if size > LIMITS.commit_bytes_max:
                reason = f"hold more than {LIMITS.commit_bytes_max} bytes together"
                raise refused("changes", reason, "Make several commits.")
            sources += 0 if step.put is None else len(step.put.sources)
            if sources > LIMITS.commit_sources_max:
                reason = f"name more than {LIMITS.commit_sources_max} sources together"
                raise refused("changes", reason, "Name those that matter most, or make several commits.")
            steps.append(step)
        return cls(folder, steps, message)

    async def keep(self, caller: Caller, refusal: WorkspaceError) -> None:
        """Keep what the writes of a refused commit brought; the refusal names the draft of each of its entries."""
        sent = {number: step.sent for number, step in enumerate(self._steps) if step.sent is not None}
        about = refusal.facts.get("change")
        if len(sent) > LIMITS.drafts_per_agent_max:
            sent = {number: one for number, one in sent.items() if number == about}
        names = await drafts.keep_all(self._folder, caller, refusal, list(sent.values()))
        if names:
            kept: list[Mapping[str, object]] = [
                {"change": number, "path": one.put.path, "draft": name}
                for (number, one), name in zip(sent.items(), names, strict=True)
                if name is not None
            ]
            refusal.facts["drafts"] = kept
            refusal.hint = _hint(refusal, about, kept)

    async def apply(self, commit: Commit, held: Held) -> list[Result]:
        """Make every change in the commit's transaction; return `{path, version}` of each."""
        return [await _numbered(index, self._apply(commit, held, step)) for index, step in enumerate(self._steps)]

    async def _apply(self, commit: Commit, held: Held, step: Step) -> Result:
        expect = step.fields.get("expect_version")
        if step.put is not None:
            done = await changes.put(commit, self._folder.objects, step.put, held)
            return {"path": done.path, "version": done.version}
        if step.to is None:
            row = await changes.delete(commit, step.path, held, expect_version=expect, message=self._message)
            return {"path": row.path, "version": row.version, "deleted": True}
        move = moving.Move(
            path=step.path,
            to=step.to,
            copy=bool(step.fields.get("copy")),
            expect_version=expect,
            overwrite=bool(step.fields.get("overwrite")),
            message=self._message,
        )
        [done] = await moving.move(commit, self._folder.objects, [move], held)
        return {"path": done.path, "version": done.version}


def _hint(refusal: WorkspaceError, about: object, kept: Sequence[Mapping[str, object]]) -> str:
    """Return how to send the whole commit again, with the drafts in place of the texts."""
    hint = (refusal.hint or "").rstrip(".")
    if isinstance(refusal, VersionRequired):  # whose own hint is a call for that one file
        path, version = refusal.facts["path"], refusal.facts["version"]
        hint = (
            f"Read {path}, then send commit_files again, with expect_version={version} in the entry of {path}"
            f" (changes[{about}])"
        )
    named = ", ".join(f"draft={one['draft']!r} for {one['path']}" for one in kept[:DRAFTS_NAMED_MAX])
    more = ", …" if kept[DRAFTS_NAMED_MAX:] else ""
    return f"{hint}. What was sent is kept: in each entry, `draft` stands for `content`: {named}{more}."


async def _step(folder: Folder, caller: Caller, entry: Mapping[str, Any], message: str | None) -> Step:
    op, path, fields = _read(entry)
    put: Put | None = None
    sent: Sent | None = None
    to: str | None = None
    if op == "write":
        sent = await write_put(folder, caller, path, message=message, **fields)
        put = sent.put
    elif op == "edit":
        put = EditPut(folder, caller, path, message=message, **fields).put
    elif op == "move":
        to = folder.place(caller, fields["to"])
    if put is not None:
        path = put.path
    else:
        path = canonical_file(path)
        if op == "move":
            caller.require("read", path)  # it may be read where it comes to lie
        if not fields.get("copy"):  # else the source stays as it is
            path = folder.place(caller, path)
    return Step(op=op, path=path, put=put, sent=sent, to=to, fields=fields)


def _read(entry: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """Return op, path and the other fields of an entry that has what its op takes."""
    op = entry.get("op") if isinstance(entry, Mapping) else None
    if not isinstance(op, str) or op not in FIELDS:
        raise refused("changes", f"op is one of {', '.join(FIELDS)}")
    needed, allowed = FIELDS[op]
    given = set(entry) - {"op", "path"}
    if "path" not in entry or not needed <= given or not given <= needed | allowed:
        more = ", ".join(sorted(allowed))
        raise refused("changes", f"{op} takes path{''.join(', ' + name for name in needed)} and, if need be, {more}")
    fields = {
        name: value
        for name, value in entry.items()
        if name != "op" and (value is not None or name in {"path", *needed})
    }
    for name, value in fields.items():
        if not isinstance(value, KINDS[name]):
            raise refused("changes", f"{name} of {op} is of the wrong type")
    if fields.get("encoding", "utf-8") not in get_args(Encoding):
        raise refused("changes", "encoding is utf-8 or base64")
    return op, fields.pop("path"), fields


async def _numbered(index: int, work: Awaitable[T]) -> T:
    """Let a refusal name the entry that it is about."""
    try:
        return await work
    except WorkspaceError as refusal:
        refusal.facts["change"] = index
        raise
