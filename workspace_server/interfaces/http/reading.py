"""Reading files over HTTP: lists, bytes, histories, differences, descriptions."""

from pydantic import Field
from starlette.responses import Response

from workspace_server.core.limits import LIMITS
from workspace_server.errors import InvalidArgument
from workspace_server.interfaces.content import content_response
from workspace_server.interfaces.http import results
from workspace_server.interfaces.http.arguments import Count
from workspace_server.interfaces.http.call import Call, Query
from workspace_server.interfaces.http.errors import error_response, json_response
from workspace_server.interfaces.http.operations import operation


class ListFiles(Query):
    """What to list."""

    path: str = ""
    pattern: str | None = None
    recursive: bool = False
    deleted: bool = False
    max_tokens: Count = 20_000
    cursor: str | None = None
    as_of_seq: Count | None = None


class AtVersion(Query):
    """Which version, or the one that stood there at a seq; the head unless given."""

    version: Count | None = None
    as_of_seq: Count | None = None


class Text(Query):
    """Which part of which version: a page of a document, or lines, in how many tokens at most."""

    version: Count | None = None
    page: Count | None = None
    start_line: Count = 1
    start_column: Count = 1
    max_lines: Count | None = None
    max_tokens: Count = 8000


class History(Query):
    """Which versions of the file."""

    limit: Count = 20
    before_version: Count | None = None


class Difference(Query):
    """From which version to which; the head unless given."""

    from_version: Count = Field(alias="from")
    to_version: Count | None = Field(default=None, alias="to")


class Blame(Query):
    """Which lines of which version; the head unless given."""

    version: Count | None = None
    start_line: Count = 1
    max_lines: Count = LIMITS.blame_lines_max


class Describe(Query):
    """Which version, in how many tokens at most."""

    version: Count | None = None
    max_tokens: Count = 400


async def list_files(call: Call, query: ListFiles) -> Response:
    """List files and directories, with version, size, last writer and lock."""
    return json_response(
        await call.engine.listing.list_files(call.caller, detail="full", **query.model_dump(exclude_none=True))
    )


async def read_content(call: Call, query: AtVersion) -> Response:
    """Return the bytes of a file; Range and If-None-Match are understood, the ETag is the version."""
    content = await call.engine.files.open_content(call.caller, path=call.path, **query.model_dump())
    pinned = query.version is not None or query.as_of_seq is not None
    return content_response(call.request, content, pinned=pinned, beyond=_beyond)


async def read_text(call: Call, query: Text) -> Response:
    """Return what a file says, by lines or by pages: of a PDF or an Office file, its text."""
    found = await call.engine.files.read_file(call.caller, path=call.path, format="text", **query.model_dump())
    return json_response({**found.header, "text": found.text})


async def file_history(call: Call, query: History) -> Response:
    """List the versions of a file, newest first."""
    return json_response(await call.engine.files.file_history(call.caller, path=call.path, **query.model_dump()))


async def file_diff(call: Call, query: Difference) -> Response:
    """Compare two versions of a text file."""
    to_version = query.to_version
    if to_version is None:
        newest = await call.engine.files.file_history(call.caller, path=call.path, limit=1)
        to_version = newest["versions"][0]["version"]
    found = await call.engine.files.file_history(
        call.caller, path=call.path, limit=1, diff=[query.from_version, to_version]
    )
    return json_response(
        {"path": found["path"], "from": query.from_version, "to": to_version, "diff": found.get("diff")}
    )


async def blame_file(call: Call, query: Blame) -> Response:
    """Say for each line of a text who wrote it: in which version, when and why."""
    return json_response(await call.engine.blaming.blame(call.caller, path=call.path, **query.model_dump()))


async def describe_file(call: Call, query: Describe) -> Response:
    """Say what a file is about: outline, facts, sources, uses, and how far the index is."""
    return json_response(await call.engine.search.describe_file(call.caller, path=call.path, **query.model_dump()))


def _beyond(size_bytes: int) -> Response:
    refusal = InvalidArgument(
        f"The file has {size_bytes} bytes.", hint="Ask for less.", argument="Range", reason="beyond the end"
    )
    return error_response(refusal, status=416, headers={"content-range": f"bytes */{size_bytes}"})


_BYTES = {200: "The bytes.", 206: "The part asked for.", 304: "The version you have."}

OPERATIONS = (
    operation("GET", "/files", list_files, result=results.FileList),
    operation("GET", "/files/{path}", read_content, result=None, answers=_BYTES),
    operation("GET", "/files/{path}:text", read_text, result=results.FileText),
    operation("GET", "/files/{path}:history", file_history, result=results.FileHistory),
    operation("GET", "/files/{path}:diff", file_diff, result=results.Difference),
    operation("GET", "/files/{path}:blame", blame_file, result=results.FileBlame),
    operation("GET", "/files/{path}:describe", describe_file, result=results.FileDescription),
)
