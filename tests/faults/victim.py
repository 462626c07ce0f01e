"""A server process that works until it is killed, and says what it was told to be done."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

from workspace_server.config import Settings
from workspace_server.core.access import Caller
from workspace_server.services.engine import Engine

WRITERS = 4


@dataclass(frozen=True, slots=True)
class Operation:
    """One change under its request id; its text tells it from all others."""

    request_id: str
    writer: int
    kind: Literal["append", "write", "commit", "large"]

    @property
    def text(self) -> str:
        return f"{self.kind} {self.request_id}\n"

    async def do(self, engine: Engine) -> list[dict[str, Any]]:
        """Make the change and return the versions that were acknowledged, as `{path, version}`."""
        caller = Caller(agent=f"w{self.writer}", request_id=self.request_id)
        files = engine.files
        if self.kind == "append":
            return [await files.write_file(caller, path="log.md", content=self.text, append=True)]
        if self.kind == "write":
            path = f"own/{self.writer}.md"
            return [await files.write_file(caller, path=path, content=self.text, overwrite=True)]
        if self.kind == "large":
            path, content = f"large/{self.writer}.txt", self.text * 5_000
            return [await files.write_file(caller, path=path, content=content, overwrite=True)]
        changes = [
            {"op": "write", "path": f"pair/{self.writer}.{side}.md", "content": self.text, "overwrite": True}
            for side in ("left", "right")
        ]
        committed: list[dict[str, Any]] = (await files.commit_files(caller, changes=changes))["files"]
        return committed


def work(
    folder: Path, name: str, unanswered: Sequence[Operation], told: Connection, *, acknowledge_early: bool
) -> None:
    """Serve *folder* and change it until killed.

    Args:
        unanswered: What an earlier process was asked and never answered: it is repeated first.
        told: Hears of each operation before it begins, and of its answer.
        acknowledge_early: Be the negative control, which answers before it has committed.
    """

    async def run(engine: Engine, operation: Operation) -> None:
        told.send(("asked", operation, None))
        if acknowledge_early:
            told.send(("answered", operation, []))
        answer = await operation.do(engine)
        if not acknowledge_early:
            told.send(("answered", operation, [(one["path"], one["version"]) for one in answer]))

    async def write(engine: Engine, writer: int) -> None:
        kinds: list[Literal["append", "write", "commit", "large"]] = ["append", "write", "append", "commit", "large"]
        number = 0
        while True:
            number += 1
            await run(engine, Operation(f"{name}-{writer}-{number}", writer, kinds[number % len(kinds)]))

    async def main() -> None:
        async with Engine.open(folder, settings=Settings()) as engine, asyncio.TaskGroup() as writers:
            for operation in unanswered:
                writers.create_task(run(engine, operation))
            for writer in range(WRITERS):
                writers.create_task(write(engine, writer))

    asyncio.run(main())
