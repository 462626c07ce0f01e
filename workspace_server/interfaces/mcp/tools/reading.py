"""Tools that list and read files and their history."""

import base64
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from mcp_types import CallToolResult, ContentBlock, ImageContent, ResourceLink, TextContent

from workspace_server.core.access import Caller
from workspace_server.interfaces.mcp.errors import compact
from workspace_server.interfaces.mcp.registry import Answer, ToolSpec
from workspace_server.interfaces.mcp.schemas import Arguments
from workspace_server.interfaces.mcp.tools.fields import Count

if TYPE_CHECKING:
    from workspace_server.services.engine import Engine


class ListFiles(Arguments):
    """What to list."""

    path: str = ""
    pattern: str | None = None
    recursive: bool = False
    detail: Literal["brief", "full"] = "brief"
    deleted: bool = False
    max_tokens: Count = 2000
    cursor: str | None = None


class ReadFile(Arguments):
    """Which part of which version."""

    path: str
    version: Count | None = None
    since_version: Count | None = None
    start_line: Count = 1
    start_column: Count = 1
    max_lines: Count | None = None
    max_tokens: Count = 8000
    format: Literal["auto", "text", "base64", "link"] = "auto"
    page: Count | None = None


class FileHistory(Arguments):
    """Which versions."""

    path: str
    limit: Count = 20
    before_version: Count | None = None
    diff: list[Count] | None = None


async def list_files(engine: "Engine", caller: Caller, given: ListFiles) -> Answer:
    """List files."""
    return await engine.listing.list_files(caller, **given.model_dump())


async def read_file(engine: "Engine", caller: Caller, given: ReadFile) -> CallToolResult:
    """Read a file; no structured content, so that no text is escaped or sent twice."""
    found = await engine.files.read_file(caller, **given.model_dump())
    header = dict(found.header)
    uri = f"workspace:///{quote(header['path'])}"
    kind = str(header["media_type"])
    block: ContentBlock
    if found.text is not None:
        block = TextContent(type="text", text=found.text)
    elif found.data is None:
        header["url"] = found.url
        block = ResourceLink(uri=uri, name=header["path"], mime_type=kind, size=header["size_bytes"])
    else:
        header["encoding"] = "base64"
        data = base64.b64encode(found.data).decode()
        if given.format == "auto":
            block = ImageContent(type="image", data=data, mime_type=kind)
        else:
            block = TextContent(type="text", text=data)
    return CallToolResult(content=[TextContent(type="text", text=compact(header)), block])


async def file_history(engine: "Engine", caller: Caller, given: FileHistory) -> Answer:
    """List the versions of a file."""
    return await engine.files.file_history(caller, **given.model_dump())


TOOLS = (
    ToolSpec(
        name="list_files",
        description=(
            "See what is in the workspace: a tree with name, version, size, who saved it, when, and locks. Start here."
            " `pattern` finds by name: * and ? within one component, ** across directories. Large answers are cut at"
            " max_tokens; pass next_cursor as `cursor` for more. detail='full' gives one record per file;"
            " deleted=true shows deleted files; restore_file brings back those not marked as gone."
            " Example: list_files(pattern='research/**/*.md')"
        ),
        params=ListFiles,
        verb="read",
        handler=list_files,
        core=True,
        changes=False,
    ),
    ToolSpec(
        name="read_file",
        description=(
            "Read a file. The first block is a JSON header with the version (pass it as expect_version when you write"
            " back), lines and lock; the second is the text exactly as stored. If `more` is true the text was cut:"
            " call again with the header's `next` values before replacing the file. `version` reads an old version,"
            " also of a deleted file; since_version=N answers with what changed since N. PDF and Office files come as"
            " text, `page` reads one page, slide or sheet of it. Images come as images, other binary files as a link."
            " To learn what a long file says, query_facts and describe_file cost far less."
            " Example: read_file(path='notes/plan.md', start_line=200)"
        ),
        params=ReadFile,
        verb="read",
        handler=read_file,
        core=True,
        changes=False,
    ),
    ToolSpec(
        name="file_history",
        description=(
            "Who changed a file, when and why: its versions and deletes, newest first. diff=[a, b] adds the difference"
            " between two versions. Any version not marked gone can be read (read_file) and restored (restore_file)."
            " Example: file_history(path='draft.md', diff=[3, 5])"
        ),
        params=FileHistory,
        verb="read",
        handler=file_history,
        changes=False,
    ),
)
