"""The workspace as one agent sees it."""

import json
import os
import random
import uuid
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

import anyio
from anyio.abc import TaskGroup
from mcp import MCPError, StdioServerParameters
from mcp_types import CONNECTION_CLOSED, BlobResourceContents, CallToolResult, EmbeddedResource, TextContent

from workspace_client.connection import Connection
from workspace_client.errors import WorkspaceError
from workspace_client.results import Answer, File, Lock

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 2.0
T = TypeVar("T")


class Workspace:
    """A connection of one agent to a workspace; safe to use from many tasks at once.

    Every call carries a request id. When the connection breaks, the client connects again and repeats the call under
    the same id, so that a change takes effect exactly once even when the server was killed between doing it and saying
    so.

    Args:
        server: The server's address (with or without `/mcp`), or the command that serves it over stdio. By default the
            address in `WORKSPACE_URL`.
        agent: The name to act under. By default the one in `WORKSPACE_AGENT`; a token of an agent has its own.
        token: What proves who calls, where the server asks for it. By default the one in `WORKSPACE_TOKEN`.
        cause: The id of the firing that the agent works for, when a webhook started it; a claimed job needs none.
        patience_s: How long a call is repeated while the server cannot be reached.
    """

    def __init__(
        self,
        server: str | StdioServerParameters | None = None,
        *,
        agent: str | None = None,
        token: str | None = None,
        cause: str | None = None,
        patience_s: float = 30.0,
    ) -> None:
        self._server = _server(server)
        self.agent = agent or os.environ.get("WORKSPACE_AGENT")
        self._token = token or os.environ.get("WORKSPACE_TOKEN")
        self._cause = cause
        self._patience_s = patience_s
        self._tasks: TaskGroup | None = None
        self._connection: Connection | None = None

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            WorkspaceError: The server could not be reached (`unavailable`), or lets nobody in with this token, or with
                none (`unauthenticated`, `forbidden`).
        """
        self._tasks = await anyio.create_task_group().__aenter__()
        try:
            await self._patiently(lambda connection: connection.client())
        except BaseException:
            await self._leave()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Disconnect."""
        await self._leave()

    async def call(self, tool: str, /, **arguments: Any) -> Answer:
        """Call any tool by its name and return its structured content; arguments that are None are left out.

        Raises:
            WorkspaceError: The server refused it, or could not be reached.
        """
        result = await self._call(tool, arguments)
        answer: Answer = result.structured_content or json.loads(_texts(result)[0])
        return answer

    async def read_file(
        self,
        path: str,
        *,
        version: int | None = None,
        since_version: int | None = None,
        start_line: int | None = None,
        max_lines: int | None = None,
        max_tokens: int = 200_000,
        format: Literal["auto", "text", "base64", "link"] | None = None,  # noqa: A002  # the tool's own name for it
        page: int | None = None,
    ) -> File:
        """Return a file, or the part of it that fits into *max_tokens*.

        With *since_version*, a version that the caller knows, the text is a diff from it where that is smaller (`diff`
        in the header), and empty where the file holds the same (`unchanged`). *page* is one of a document.
        """
        result = await self._call(
            "read_file",
            {
                "path": path,
                "version": version,
                "since_version": since_version,
                "start_line": start_line,
                "max_lines": max_lines,
                "max_tokens": max_tokens,
                "format": format,
                "page": page,
            },
        )
        texts = _texts(result)
        blobs = [
            block.resource.blob
            for block in result.content
            if isinstance(block, EmbeddedResource) and isinstance(block.resource, BlobResourceContents)
        ]
        header = json.loads(texts[0])
        text = texts[1] if len(texts) > 1 else None
        if header.get("encoding") == "base64" and text is not None:
            return File(header=header, text=None, data=b64decode(text))
        return File(header=header, text=text, data=b64decode(blobs[0]) if blobs else None)

    async def write_file(
        self,
        path: str,
        content: str | None = None,
        *,
        draft: str | None = None,
        expect_version: int | None = None,
        overwrite: bool = False,
        append: bool = False,
        lock: str | Lock | None = None,
        unlock: bool = False,
        on_conflict: Literal["fail", "merge"] = "fail",
        message: str | None = None,
        sources: Sequence[Mapping[str, Any]] | None = None,
    ) -> Answer:
        """Save a file; to replace one, say which version, give the lock that covers it, or overwrite.

        Args:
            draft: What a refusal kept (`error.facts["draft"]`), in place of *content*.
            unlock: Give *lock* back once the file is saved.
        """
        return await self.call(
            "write_file",
            path=path,
            content=content,
            draft=draft,
            expect_version=expect_version,
            overwrite=overwrite or None,
            append=append or None,
            lock=_handle(lock),
            unlock=unlock or None,
            on_conflict=None if on_conflict == "fail" else on_conflict,
            message=message,
            sources=sources,
        )

    async def append(self, path: str, content: str, *, message: str | None = None) -> Answer:
        """Add *content* to the end of a file, which is made when it is not there."""
        return await self.write_file(path, content, append=True, message=message)

    async def edit_file(
        self,
        path: str,
        edits: Sequence[Mapping[str, Any]],
        *,
        expect_version: int | None = None,
        lock: str | Lock | None = None,
        message: str | None = None,
    ) -> Answer:
        """Replace `old_text` by `new_text` for each edit, all or none of them."""
        return await self.call(
            "edit_file", path=path, edits=edits, expect_version=expect_version, lock=_handle(lock), message=message
        )

    async def list_files(self, path: str = "", *, pattern: str | None = None) -> list[Answer]:
        """Return every file below *path*, a page at a time behind the scenes."""
        rows: list[Answer] = []
        cursor: str | None = None
        while True:
            page = await self.call(
                "list_files",
                path=path,
                pattern=pattern,
                recursive=True,
                detail="full",
                max_tokens=100_000,
                cursor=cursor,
            )
            rows += [row for row in page["files"] if row["type"] == "file"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return rows

    @asynccontextmanager
    async def locked(
        self,
        *paths: str,
        mode: Literal["exclusive", "shared", "intent"] = "exclusive",
        ttl_seconds: int = 600,
        purpose: str | None = None,
        wait_seconds: float = 0.0,
    ) -> AsyncIterator[Lock]:
        """Hold a lock on *paths* (files, `dir/`, patterns) inside the block; it is released at the end.

        A block that outlives *ttl_seconds* without a call that gives the handle has lost the lock: its next write under
        it is refused. With *wait_seconds* it waits in line for that long, over as many calls as that takes.

        Raises:
            WorkspaceError: Somebody else holds it (`locked`).
        """
        deadline = anyio.current_time() + wait_seconds
        asked = {"paths": list(paths), "mode": mode, "ttl_seconds": ttl_seconds, "purpose": purpose}
        while True:
            left = max(0, min(25, int(deadline - anyio.current_time())))
            try:
                granted = await self.call("lock_files", **asked, wait_seconds=left)
                break
            except WorkspaceError as refusal:
                if refusal.code != "locked" or refusal.facts.get("yours") or anyio.current_time() >= deadline - 1:
                    raise
        lock = Lock(handle=granted["lock"], paths=granted["paths"], versions=granted["versions"])
        try:
            yield lock
        finally:
            with anyio.move_on_after(5, shield=True):
                await self._release(lock)

    async def query_facts(self, query: str | None = None, **filters: Any) -> Answer:
        """Return facts with their citations; `subject`, `key`, `path`, `kind`, `detail` … as the tool takes them."""
        return await self.call("query_facts", query=query, **filters)

    async def wait_for(
        self, files: Sequence[str], *, mode: Literal["all", "any"] = "all", timeout_s: float = 60.0, **more: Any
    ) -> Answer:
        """Wait until the files are in and unlocked, over as many calls as that takes.

        Raises:
            WorkspaceError: They were not within *timeout_s* (`timeout`); `missing` says which and why.
        """
        deadline = anyio.current_time() + timeout_s
        while True:
            left = max(0, min(25, int(deadline - anyio.current_time())))
            answer = await self.call("wait_for", files=list(files), mode=mode, timeout_seconds=left, **more)
            if answer["status"] == "ready":
                return answer
            if anyio.current_time() >= deadline - 1:
                raise WorkspaceError(
                    "timeout", "The files are not all in.", retryable=True, missing=answer.get("missing")
                )

    async def add_job(
        self, queue: str, instructions: str, *, inputs: Sequence[str] = (), key: str | None = None
    ) -> str:
        """Put a job into *queue* and return its id."""
        answer = await self.call("add_job", queue=queue, instructions=instructions, inputs=list(inputs), key=key)
        return str(answer["job"])

    async def claim_job(self, queue: str, *, wait_seconds: int = 0) -> Answer | None:
        """Return a job of *queue* that is now this agent's, or None when there is none."""
        answer = await self.call("claim_job", queue=queue, wait_seconds=wait_seconds)
        job: Answer | None = answer.get("job")
        return job

    async def finish_job(
        self, job: str, outcome: Literal["done", "retry", "failed", "blocked"] = "done", *, note: str | None = None
    ) -> Answer:
        """Say how a job ended; with `blocked` the note asks a person, whose answer brings it back with `reply`."""
        return await self.call("finish_job", job=job, outcome=outcome, note=note)

    async def _release(self, lock: Lock) -> None:
        try:
            await self.call("unlock_files", lock=lock.handle)
        except WorkspaceError as error:
            if error.code not in ("lock_lost", "unavailable"):
                raise

    async def _call(self, tool: str, arguments: Mapping[str, Any]) -> CallToolResult:
        given = {name: value for name, value in arguments.items() if value is not None}
        meta: dict[str, Any] = {"workspace/requestId": str(uuid.uuid4())}
        if self.agent is not None:
            meta["workspace/agent"] = self.agent
        if self._cause is not None:
            meta["workspace/cause"] = self._cause

        async def once(connection: Connection) -> CallToolResult:
            client = await connection.client()
            result = await client.call_tool(tool, given, meta=meta)  # type: ignore[arg-type]  # its keys are open
            if result.is_error:
                raise WorkspaceError.from_text(_texts(result)[0])
            return result

        return await self._patiently(once)

    async def _patiently(self, attempt: Callable[[Connection], Awaitable[T]]) -> T:
        """Return what *attempt* returns, on a new connection whenever the last one broke."""
        deadline = anyio.current_time() + self._patience_s
        pause = FIRST_PAUSE_S
        while True:
            connection = self._connected()
            try:
                return await attempt(connection)
            except ConnectionError as error:
                self._abandon(connection)
                failure = WorkspaceError("unavailable", str(error), "Is the server running?", retryable=True)
            except MCPError as error:
                self._abandon(connection)
                if (refusal := connection.refusal or _refusal(error)) is not None:
                    raise refusal from error
                failure = WorkspaceError("unavailable", error.message, "Is the server running?", retryable=True)
                if error.code != CONNECTION_CLOSED:
                    raise failure from error
            except WorkspaceError as error:
                if error.code != "unavailable":
                    raise
                failure = error
            if anyio.current_time() + pause > deadline:
                raise failure
            await anyio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  # spreads agents, guards nothing
            pause = min(2 * pause, LONGEST_PAUSE_S)

    def _connected(self) -> Connection:
        """Return the connection in use; makes one when there is none."""
        if self._tasks is None:
            raise RuntimeError("use `async with Workspace(…) as workspace`")
        if self._connection is None:
            self._connection = Connection(self._server, self.agent, self._token)
            self._tasks.start_soon(self._connection.run)
        return self._connection

    def _abandon(self, connection: Connection) -> None:
        """Use *connection* no more, unless another task has replaced it already."""
        connection.close()
        if self._connection is connection:
            self._connection = None

    async def _leave(self) -> None:
        tasks, self._tasks = self._tasks, None
        assert tasks is not None
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        # The block's own exception is kept from the task group, which would wrap it; connections raise none.
        await tasks.__aexit__(None, None, None)


def _server(given: str | StdioServerParameters | None) -> str | StdioServerParameters:
    address = given or os.environ.get("WORKSPACE_URL")
    if address is None:
        raise WorkspaceError(
            "invalid_argument", "There is no server to connect to.", "Give an address or set WORKSPACE_URL."
        )
    if isinstance(address, StdioServerParameters):
        return address
    return address if address.rstrip("/").endswith("/mcp") else address.rstrip("/") + "/mcp"


def _refusal(error: MCPError) -> WorkspaceError | None:
    """Return what the server refused a message for, when it said so in its own words."""
    return WorkspaceError(**error.data) if isinstance(error.data, dict) and "code" in error.data else None


def _handle(lock: str | Lock | None) -> str | None:
    return lock.handle if isinstance(lock, Lock) else lock


def _texts(result: CallToolResult) -> list[str]:
    return [block.text for block in result.content if isinstance(block, TextContent)]
