"""Files as resources: listed by pages, read by address, completed by the beginnings of their paths."""

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes, urlsplit

from mcp_types import (
    BlobResourceContents,
    CompleteRequestParams,
    CompleteResult,
    Completion,
    ListResourcesResult,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)

from workspace_server.core import media
from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.core.tokens import bytes_said
from workspace_server.errors import InvalidPath, TooLarge, WorkspaceError
from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.mcp.calls import Context, client_of, require_caller
from workspace_server.interfaces.mcp.errors import protocol_error
from workspace_server.services.agents.presence import ABOUT_CHARS

if TYPE_CHECKING:
    from workspace_server.services.engine import Engine

SCHEME = "workspace"
READ = "resources/read"
"""What reading a resource is called among the tools that served an agent."""
VERSION_META, AUTHOR_META = "workspace/version", "workspace/modified_by"
"""Beside the content of a resource: which version that is, and who wrote it."""
PAGE_TOKENS = 20_000
COMPLETIONS_MAX = 100
"""What the protocol allows in one answer."""
PATH_ARGUMENTS = frozenset({"path", "files", "into"})
"""Arguments of the template and of prompts that are completed as paths."""


def uri_of(path: str, workspace: str = "") -> str:
    """Return the address of a file as a resource; without a name it is in this workspace."""
    return f"{SCHEME}://{quote(workspace)}/{quote(path)}"


def path_of(uri: str, workspace: str) -> str:
    """Return the path that a resource's address names; it is not yet canonical.

    Raises:
        InvalidPath: It is no address of this workspace.
    """
    try:
        parts = urlsplit(uri)
        name = unquote_to_bytes(parts.netloc).decode()
        path = unquote_to_bytes(parts.path).decode()
    except ValueError:
        raise _no_address(uri, "is no address") from None
    if parts.scheme != SCHEME or name not in {"", workspace}:
        raise _no_address(uri, "is not in this workspace")
    if parts.query or parts.fragment:
        raise _no_address(uri, "has a query or a fragment; percent-encode ? and #")
    return path.removeprefix("/")


class Resources:
    """The handlers of the resource methods over one engine."""

    def __init__(self, engine: "Engine", guard: Guard) -> None:
        self._engine = engine
        self._guard = guard

    async def templates(
        self,
        ctx: Context,  # noqa: ARG002
        params: PaginatedRequestParams | None,  # noqa: ARG002
    ) -> ListResourceTemplatesResult:
        """Return the one template."""
        template = ResourceTemplate(
            name="file", uri_template=f"{SCHEME}:///{{+path}}", description="The newest version of a file, by its path."
        )
        return ListResourceTemplatesResult(resource_templates=[template])

    async def list_page(self, ctx: Context, params: PaginatedRequestParams | None) -> ListResourcesResult:
        """Return one page of all files."""
        caller = require_caller(self._guard, ctx)
        try:
            page = await self._engine.listing.list_files(
                caller,
                recursive=True,
                detail="full",
                max_tokens=PAGE_TOKENS,
                cursor=params.cursor if params is not None else None,
            )
        except WorkspaceError as refusal:
            raise protocol_error(refusal) from None
        return ListResourcesResult(
            resources=[_listed(row) for row in page["files"] if row["type"] == "file"],
            next_cursor=page.get("next_cursor"),
        )

    async def read(self, ctx: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
        """Return the newest version of one file."""
        caller = require_caller(self._guard, ctx)
        uri, presence = str(params.uri), self._engine.agents.presence
        call = presence.begin(caller, READ, about=uri[:ABOUT_CHARS], client=client_of(ctx))
        size_bytes = 0
        try:
            contents = await self._contents(caller, uri, path_of(uri, self._engine.folder.name))
            size_bytes = bytes_said([contents.text if isinstance(contents, TextResourceContents) else contents.blob])
            return ReadResourceResult(contents=[contents])
        except WorkspaceError as refusal:
            raise protocol_error(refusal) from None
        finally:
            presence.end(call, size_bytes)

    async def complete(self, ctx: Context, params: CompleteRequestParams) -> CompleteResult:
        """Return the paths that begin as the argument does."""
        caller = require_caller(self._guard, ctx)
        if params.argument.name not in PATH_ARGUMENTS:
            return CompleteResult(completion=Completion(values=[]))
        beginning = params.argument.value
        directory, slash, _ = beginning.rpartition("/")
        try:
            rows = await self._engine.listing.list_files(
                caller, path=directory, detail="full", max_tokens=LIMITS.tokens_max
            )
        except WorkspaceError:
            return CompleteResult(completion=Completion(values=[]))
        found = [row["path"] + ("/" if row["type"] == "directory" else "") for row in rows["files"]]
        fitting = [path for path in found if path.startswith(beginning)] if slash or beginning else found
        more = len(fitting) > COMPLETIONS_MAX or "next_cursor" in rows
        return CompleteResult(completion=Completion(values=fitting[:COMPLETIONS_MAX], has_more=more))

    async def _contents(self, caller: Caller, uri: str, path: str) -> TextResourceContents | BlobResourceContents:
        found = await self._engine.files.open_content(caller, path=path)
        if found.size_bytes > LIMITS.tool_content_bytes_max:
            raise TooLarge(
                f"{found.path} has {found.size_bytes} bytes, more than one answer takes.",
                hint=f"GET {self._engine.folder.bytes_url(found.path)}",
                limit=LIMITS.tool_content_bytes_max,
                actual=found.size_bytes,
            )
        data = await found.read()
        decoded = media.decode(data)
        whose = {VERSION_META: found.version, AUTHOR_META: found.modified_by}
        if decoded is not None:
            return TextResourceContents(uri=uri, mime_type=found.media_type, text=decoded.text, _meta=whose)
        blob = base64.b64encode(data).decode()
        return BlobResourceContents(uri=uri, mime_type=found.media_type, blob=blob, _meta=whose)


def _listed(row: dict[str, Any]) -> Resource:
    return Resource(
        uri=uri_of(row["path"]),
        name=row["path"],
        mime_type=row["media_type"],
        size=row["size_bytes"],
        description=f"version {row['version']} by {row['modified_by']}",
    )


def _no_address(uri: str, reason: str) -> InvalidPath:
    return InvalidPath(
        f"That address {reason}.", hint="Use workspace:/// and the file's path.", path=uri, reason=reason
    )
