"""Uploading: a form with files, each of them streamed to where it goes, and what became of each.

A file that would replace another one is kept as a draft, like every refused write: to replace that very version then
takes a click, and no second upload.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from workspace_server.core.limits import LIMITS
from workspace_server.errors import InvalidArgument, WorkspaceError
from workspace_server.interfaces.web.view import View
from workspace_server.interfaces.web.writing import fields
from workspace_server.interfaces.web.writing.multipart import Multipart, Part
from workspace_server.interfaces.web.writing.told import Told, told

UPLOAD, REPLACE = "/upload", "/replace"


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What became of one file: the answer to its write, or the refusal."""

    path: str
    result: dict[str, Any] | None = None
    refusal: Told | None = None


async def ask(view: View) -> Response:
    """Ask for files for a directory."""
    return _page(view, fields.folder(view))


async def upload(view: View) -> Response:
    """Take in the files of the form, and say what became of each.

    The fields before them say who made the form, and why the files are saved.
    """
    directory = fields.folder(view)
    done: list[Uploaded] = []
    try:
        async for one in _taken(view, directory):
            done.append(one)  # noqa: PERF401 - a refusal must not take along what came before it
    except WorkspaceError as refusal:
        return _page(view, directory, done, refusal=told(view, refusal))
    return _page(view, directory, done)


async def replace(view: View) -> Response:
    """Put what was uploaded in place of the version that the form names, or under a lock that was broken for it."""
    form = await view.form()
    path = form.get("path", "")
    try:
        await fields.break_lock(view, form)
        result = await view.engine.files.write_file(
            view.caller,
            path=path,
            draft=form.get("draft", ""),
            expect_version=fields.number(form, "version"),
            message=form.get("message") or None,
        )
        done = Uploaded(path, result)
    except WorkspaceError as refusal:
        done = Uploaded(path, refusal=told(view, refusal))
    return _page(view, form.get("in", ""), [done])


async def _taken(view: View, directory: str) -> AsyncIterator[Uploaded]:
    message, proven, count = "", False, 0
    async for part in Multipart(view.request).parts():
        if part.name == "token":
            view.check_token(await part.text())
            proven = True
        elif part.name == "message":
            message = await part.text()
        elif part.filename:
            if not proven:
                view.check_token("")
            count += 1
            if count > LIMITS.uploaded_files_max:
                raise InvalidArgument(
                    f"One form takes up to {LIMITS.uploaded_files_max:,} files; the first ones are in.",
                    hint="Upload the rest in another one.",
                    argument="file",
                    reason="too many",
                )
            yield await _written(view, directory, part, message)


async def _written(view: View, directory: str, part: Part, message: str) -> Uploaded:
    path = fields.below(directory, part.filename or "")
    try:
        result = await view.engine.files.upload(view.caller, path=path, chunks=part.chunks, message=message or None)
    except WorkspaceError as refusal:
        return Uploaded(path, refusal=told(view, refusal))
    return Uploaded(result["path"], result)


def _page(view: View, directory: str, done: Sequence[Uploaded] = (), *, refusal: Told | None = None) -> Response:
    return view.render(
        "writing/upload.html",
        title="Upload",
        active="files",
        path=directory,
        done=done,
        refusal=refusal,
        message_chars_max=LIMITS.message_chars_max,
    )
