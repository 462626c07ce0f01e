"""What the use cases of one workspace share: its settings, its stores, and the way to record a change."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from indexer.ports import Extracting
from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.core.clock import Clock
from workspace_server.core.guarded import Guarded
from workspace_server.core.paths import FilePath, canonical_file
from workspace_server.errors import Forbidden
from workspace_server.services.agents.gate import Gate
from workspace_server.services.files.seen import Seen
from workspace_server.services.quotas import Quotas
from workspace_server.services.recording import Body, Recorder, Result
from workspace_server.services.tree.materialise import Materialiser
from workspace_server.storage.content import ObjectStore
from workspace_server.storage.database import Database


@dataclass(slots=True, kw_only=True)
class Folder:
    """One open workspace, as its services see it.

    Attributes:
        extracting: Where it is read what stands in files.
        seen: What each agent has seen of which file.
        gate: Whose changes a person holds up.
        quotas: How much may stand in it.
        guarded: The files that agents and tools obey unasked.
        base_url: Where people and programs reach it; set once the server listens.
        local_url: Where programs on this machine reach it, also when others go through a proxy.
    """

    root: Path
    name: str
    settings: Settings
    clock: Clock
    db: Database
    objects: ObjectStore
    recorder: Recorder
    materialiser: Materialiser
    extracting: Extracting
    base_url: str = "http://127.0.0.1:8765"
    local_url: str = base_url
    seen: Seen = field(default_factory=Seen)
    gate: Gate = field(default_factory=Gate)
    quotas: Quotas = field(init=False)
    guarded: Guarded = field(init=False)

    def __post_init__(self) -> None:
        self.quotas = Quotas(self.settings)
        self.recorder.bounds = self.quotas
        self.guarded = self.recorder.guarded = Guarded(self.settings.guarded_files)

    @property
    def source(self) -> str:
        """The workspace as a URI, as webhooks name it."""
        return f"workspace://{self.name}"

    def url(self, path: str) -> str:
        """Return the address under which people open *path*."""
        return f"{self.base_url}/files/{quote(path, errors='replace')}"

    def bytes_url(self, path: str) -> str:
        """Return the address under which programs get and put the bytes of *path*."""
        return f"{self.base_url}/api/v1/files/{quote(path, errors='replace')}"

    def place(self, caller: Caller, raw: str) -> FilePath:
        """Return the canonical path at which the caller may put a file.

        Raises:
            InvalidPath, Forbidden, IsDirectory: It may not, or nothing can stand there.
            Unavailable: The disk is full.
        """
        path = canonical_file(raw)
        self.may_write(caller, path)
        self.recorder.check_room("write_file")  # before content is stored that no commit would take
        self.materialiser.look(path)
        return path

    def may_write(self, caller: Caller, path: str) -> None:
        """Pass when the caller may change *path*.

        Raises:
            Forbidden: It has not the verb, or the path is one that agents and tools obey unasked.
        """
        caller.require("write", path)
        if not caller.scope.allows("admin", path) and self.guarded.covers(path):
            raise Forbidden(
                f"{path} is a file that agents and tools obey unasked; writing it needs the verb admin.",
                hint="Write to another name and ask a person to put it in place.",
                verb="admin",
                path=path,
            )

    async def change(self, caller: Caller, action: str, body: Body, paths: Iterable[str]) -> Result:
        """Commit *body* and bring *paths* in the tree up to it.

        A caller that goes away does not stop what has begun: the commit itself has the working copy follow.
        """
        result = await self.recorder.change(caller, action, body)
        if result.get("unchanged"):
            await self.materialiser.mend(paths)
        else:
            await self.materialiser.followed(paths)
        return result
