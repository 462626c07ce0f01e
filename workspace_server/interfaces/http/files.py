"""Changing files over HTTP: writes, edits, moves, deletes, restores, and commits of several."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import Field
from starlette.responses import Response

from workspace_server.core.limits import LIMITS
from workspace_server.errors import InvalidArgument, TooLarge
from workspace_server.interfaces.http import results
from workspace_server.interfaces.http.arguments import Count, Handles
from workspace_server.interfaces.http.call import Body, Call, Query
from workspace_server.interfaces.http.errors import json_response
from workspace_server.interfaces.http.operations import operation

Message = Annotated[str, Field(max_length=LIMITS.message_chars_max)]


class Upload(Query):
    """Whether to replace whatever stands there, to release the lock, and which refused content to take for the body."""

    overwrite: bool = False
    unlock: bool = False
    draft: str | None = None


class DeleteFile(Query):
    """Whether a directory goes with all that is in it."""

    recursive: bool = False


class Edit(Body):
    """One replacement; `old_text` stands in the file exactly once, unless `all`."""

    old_text: str
    new_text: str
    all: bool = False


class Source(Body):
    """A version from which the new one was made."""

    path: str
    version: Count


class Change(Body):
    """What every change may say; the headers If-Match, X-Lock and X-Message say the same."""

    expect_version: Count | None = None
    lock: Handles | None = None


class EditFile(Change):
    """Edits of one file."""

    edits: list[Edit] = Field(min_length=1, max_length=LIMITS.edits_max)
    unlock: bool = False
    message: Message | None = None
    dry_run: bool = False


class MoveFile(Change):
    """Where to."""

    to: str
    overwrite: bool = False
    message: Message | None = None


class RestoreFile(Change):
    """Which version to make the newest; the last live one unless given."""

    version: Count | None = None
    overwrite: bool = False


class WriteChange(Body):
    """Write one file within a commit: its content, or the draft that a refusal has kept."""

    op: Literal["write"]
    path: str
    content: str | None = None
    draft: str | None = None
    encoding: Literal["utf-8", "base64"] = "utf-8"
    expect_version: Count | None = None
    overwrite: bool = False
    append: bool = False
    sources: list[Source] | None = None


class EditChange(Body):
    """Edit one file within a commit."""

    op: Literal["edit"]
    path: str
    edits: list[Edit] = Field(min_length=1, max_length=LIMITS.edits_max)
    expect_version: Count | None = None


class MoveChange(Body):
    """Move or copy one file within a commit."""

    op: Literal["move"]
    path: str
    to: str
    copy_: bool = Field(default=False, alias="copy")
    expect_version: Count | None = None
    overwrite: bool = False


class DeleteChange(Body):
    """Delete one file within a commit."""

    op: Literal["delete"]
    path: str
    expect_version: Count | None = None


AnyChange = Annotated[WriteChange | EditChange | MoveChange | DeleteChange, Field(discriminator="op")]


class CommitFiles(Body):
    """Several changes, all or nothing."""

    changes: list[AnyChange] = Field(min_length=1, max_length=LIMITS.commit_files_max)
    lock: Handles | None = None
    unlock: bool = False
    message: Message | None = None


async def put_content(call: Call, query: Upload) -> Response:
    """Write a file from the body, streamed; to replace one, say which version, give its lock, or overwrite."""
    headers = call.request.headers
    if headers.get("content-encoding", "identity") != "identity":
        raise InvalidArgument(
            "The body must come as it is to be stored.",
            hint="Send no Content-Encoding.",
            argument="Content-Encoding",
            reason="not understood",
        )
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > LIMITS.file_bytes_max:
        raise TooLarge(
            "The file is larger than a file may be.",
            hint="Split it.",
            limit=LIMITS.file_bytes_max,
            actual=int(announced),
        )
    given = call.preconditions()
    if query.draft is not None:
        return _written(await _put_draft(call, query, query.draft))
    result = await call.engine.files.upload(
        call.caller,
        path=call.path,
        chunks=call.request.stream(),
        expect_version=given.expect_version,
        overwrite=query.overwrite,
        lock=given.lock,
        unlock=query.unlock,
        message=given.message,
    )
    return _written(result)


async def edit_file(call: Call, body: EditFile) -> Response:
    """Replace stretches of a file's text."""
    edits = [edit.model_dump() for edit in body.edits]
    result = await call.engine.files.edit_file(
        call.caller,
        path=call.path,
        edits=edits,
        unlock=body.unlock,
        dry_run=body.dry_run,
        **_change(call, body),
        **_message(call, body),
    )
    return json_response(result)


async def delete_file(call: Call, query: DeleteFile) -> Response:
    """Delete a file; its history stays and it can be restored."""
    given = call.preconditions()
    result = await call.engine.files.delete_file(
        call.caller,
        path=call.path,
        recursive=query.recursive,
        expect_version=given.expect_version,
        lock=given.lock,
        message=given.message,
    )
    return json_response(result)


async def move_file(call: Call, body: MoveFile) -> Response:
    """Move a file or a directory."""
    return await _move(call, body, copy=False)


async def copy_file(call: Call, body: MoveFile) -> Response:
    """Copy a file or a directory."""
    return await _move(call, body, copy=True)


async def restore_file(call: Call, body: RestoreFile) -> Response:
    """Make an earlier version the newest, or bring a deleted file back."""
    result = await call.engine.files.restore_file(
        call.caller, path=call.path, version=body.version, overwrite=body.overwrite, **_change(call, body)
    )
    return _written(result)


async def commit_files(call: Call, body: CommitFiles) -> Response:
    """Write, edit, move and delete several files, all or nothing."""
    changes = [change.model_dump(by_alias=True, exclude_unset=True) for change in body.changes]
    given = call.preconditions()
    result = await call.engine.files.commit_files(
        call.caller,
        changes=changes,
        lock=body.lock or given.lock,
        unlock=body.unlock,
        message=body.message or given.message,
    )
    return json_response(result)


async def _put_draft(call: Call, query: Upload, draft: str) -> dict[str, Any]:
    async for chunk in call.request.stream():
        if chunk:
            raise InvalidArgument(
                "A draft is the content already.",
                hint="Send no body with ?draft=.",
                argument="draft",
                reason="there is a body as well",
            )
    given = call.preconditions()
    return await call.engine.files.write_file(
        call.caller,
        path=call.path,
        draft=draft,
        expect_version=given.expect_version,
        overwrite=query.overwrite,
        lock=given.lock,
        unlock=query.unlock,
        message=given.message,
    )


async def _move(call: Call, body: MoveFile, *, copy: bool) -> Response:
    result = await call.engine.files.move_file(
        call.caller,
        path=call.path,
        to=body.to,
        copy=copy,
        overwrite=body.overwrite,
        **_change(call, body),
        **_message(call, body),
    )
    return json_response(result)


def _change(call: Call, body: Change) -> dict[str, Any]:
    given = call.preconditions()
    return {
        "expect_version": body.expect_version if body.expect_version is not None else given.expect_version,
        "lock": body.lock if body.lock is not None else given.lock,
    }


def _message(call: Call, body: EditFile | MoveFile) -> dict[str, Any]:
    return {"message": body.message if body.message is not None else call.preconditions().message}


def _written(result: dict[str, Any]) -> Response:
    headers = {"etag": f'"{result["version"]}"'}
    if not result["created"]:
        return json_response(result, headers=headers)
    return json_response(result, 201, {**headers, "location": f"/api/v1/files/{quote(result['path'], safe='/')}"})


_WRITTEN = {200: "A new version.", 201: "A new file."}

OPERATIONS = (
    operation("PUT", "/files/{path}", put_content, result=results.Written, answers=_WRITTEN),
    operation("PATCH", "/files/{path}", edit_file, result=results.Edited),
    operation("DELETE", "/files/{path}", delete_file, result=results.Deleted),
    operation("POST", "/files/{path}:move", move_file, result=results.Moved),
    operation("POST", "/files/{path}:copy", copy_file, result=results.Moved),
    operation("POST", "/files/{path}:restore", restore_file, result=results.Written, answers=_WRITTEN),
    operation("POST", "/commits", commit_files, result=results.Committed),
)
