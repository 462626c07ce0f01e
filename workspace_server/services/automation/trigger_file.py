"""The operator's own triggers, kept in a file: those that stand in it are those that there are, no more and no less.

Only triggers that were made from the file are looked after; those that agents and people have made stay as they are.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import anyio

from workspace_server.core.access import CONFIG, Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.scopes import ALL
from workspace_server.errors import InvalidArgument, WorkspaceError
from workspace_server.services.automation.making import Making, says
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Commit, Result
from workspace_server.storage.tables import triggers

FILE: Final = Path(".workspace", "triggers.toml")
"""Where it is looked for, below the folder, when the setting `triggers_file` names no other."""
FILE_BYTES_MAX: Final = 4 * 1024 * 1024
_CALLER: Final = Caller(agent=CONFIG, scope=ALL, verified=True)
"""Who makes them. Whoever can write the file can start programs on this machine already."""


class TriggerFile:
    """Brings the operator's triggers in line with their file. Errors: invalid_argument, name_taken, forbidden."""

    def __init__(self, folder: Folder, making: Making) -> None:
        self._folder = folder
        self._making = making
        self._named = folder.settings.triggers_file
        self._path = folder.root / (self._named or FILE)

    async def begin(self) -> None:
        """Read the file when the server starts; without one, there are no such triggers."""
        await self.reload_triggers(_CALLER)

    async def reload_triggers(self, caller: Caller) -> Result:
        """Read the file again and return `{created, changed, deleted}`, each a list of names: all of it or nothing.

        A trigger that is changed begins anew: what was saved before counts as its `since` says. One that somebody else
        has made under a name of the file gives way: else an agent could keep the operator's from being there.
        """
        caller.require("admin")
        wanted = await anyio.to_thread.run_sync(self._read)

        async def body(commit: Commit) -> Result:
            there = {row.name: row for row in await triggers.present(commit.tx) if row.created_by == CONFIG}
            result: dict[str, list[str]] = {"created": [], "changed": [], "deleted": []}
            for name in sorted(there.keys() - wanted.keys()):
                await self._making.remove(commit, name)
                result["deleted"].append(name)
            for name, fields in wanted.items():
                await self._bring_in_line(commit, name, fields, result)
            commit.about = (
                ", ".join(name for names in result.values() for name in names)[: LIMITS.note_chars_max] or None
            )
            return dict(result)

        return await self._folder.recorder.change(_CALLER, "reload_triggers", body)

    async def _bring_in_line(
        self, commit: Commit, name: str, fields: Mapping[str, Any], result: Mapping[str, list[str]]
    ) -> None:
        try:
            row = await triggers.by_name(commit.tx, name)
            own = row is not None and row.created_by == CONFIG
            if row is not None:
                if own and await says(commit.tx, row, {"name": name, **fields}, _CALLER):
                    return
                await self._making.remove(commit, name)
            kept = {"secret": row.secret} if row is not None and own and row.secret and "url" in fields else {}
            await self._making.make(commit, {"name": name, **kept, **fields})
        except WorkspaceError as error:
            raise InvalidArgument(
                f"[{name}] in {self._path.name}: {error}", hint=error.hint, argument=f"triggers.{name}"
            ) from error
        result["created" if row is None else "changed"].append(name)

    def _read(self) -> dict[str, Mapping[str, Any]]:
        """Return the fields of each trigger by its name."""
        try:
            if self._path.stat().st_size > FILE_BYTES_MAX:
                raise self._refused(f"is larger than {FILE_BYTES_MAX} bytes")
            content = tomllib.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            if self._named is not None:
                raise self._refused("is not there") from None
            return {}
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise self._refused(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
        for name, fields in content.items():
            if not isinstance(fields, dict):
                raise self._refused(f"has {name} = …, which is no trigger")
            if "name" in fields:
                raise self._refused(f"names [{name}] twice; the heading is the name")
        return content

    def _refused(self, reason: str) -> InvalidArgument:
        return InvalidArgument(
            f"The file of triggers {self._path.name} {reason}.",
            hint='A trigger is a table by its name: [editor-on-draft], then files = ["draft.md"] and queue = "editor".',
            argument="triggers_file",
            reason=reason,
        )
