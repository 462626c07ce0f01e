"""Moving and deleting: a page that says what will happen, and the form on it that does it."""

from starlette.responses import Response

from workspace_server.core.limits import LIMITS
from workspace_server.errors import WorkspaceError
from workspace_server.interfaces.web.addresses import file_url
from workspace_server.interfaces.web.view import View, lead_to
from workspace_server.interfaces.web.writing import fields
from workspace_server.interfaces.web.writing.told import told

MOVE, DELETE = "/move", "/delete"


async def ask_move(view: View) -> Response:
    """Ask where a file or a directory is to go."""
    path = view.text("path") or ""
    return await _move_page(view, path, to=path)


async def move(view: View) -> Response:
    """Move it, and lead to where it is now."""
    form = await view.form()
    path, to, message = form.get("path", ""), form.get("to", ""), form.get("message", "")
    replaced = fields.number(form, "version") if form.get("do") == "replace" else None
    try:
        await fields.break_lock(view, form)
        result = await view.engine.files.move_file(
            view.caller, path=path, to=to, expect_version=replaced, message=message or None
        )
    except WorkspaceError as refusal:
        return await _move_page(view, path, to=to, message=message, refusal=refusal)
    return lead_to(file_url(result["to"]))


async def ask_delete(view: View) -> Response:
    """Say what would be deleted."""
    return await _delete_page(view, view.text("path") or "")


async def delete(view: View) -> Response:
    """Delete it: a file in the version that the page showed, a directory with all that is in it."""
    form = await view.form()
    path, message = form.get("path", ""), form.get("message", "")
    version = fields.number(form, "version")
    try:
        await fields.break_lock(view, form)
        result = await view.engine.files.delete_file(
            view.caller, path=path, recursive=version is None, expect_version=version, message=message or None
        )
    except WorkspaceError as refusal:
        return await _delete_page(view, path, message=message, refusal=refusal)
    # A file's page shows its history, from which it can be restored; of a directory nothing is left to be shown.
    return lead_to(file_url(path if version is not None else result["path"].rpartition("/")[0]))


async def _move_page(
    view: View, path: str, *, to: str, message: str = "", refusal: WorkspaceError | None = None
) -> Response:
    facts = await view.engine.files.stat(view.caller, path=path)
    return view.render(
        "writing/move.html",
        title=f"Move {path}",
        active="files",
        path=path,
        to=to,
        is_directory=facts["type"] == "directory",
        message=message,
        refusal=None if refusal is None else told(view, refusal),
        message_chars_max=LIMITS.message_chars_max,
    )


async def _delete_page(view: View, path: str, *, message: str = "", refusal: WorkspaceError | None = None) -> Response:
    facts = await view.engine.files.stat(view.caller, path=path)
    is_directory = facts["type"] == "directory"
    count = await view.engine.editing.count_below(view.caller, path=path) if is_directory else 1
    return view.render(
        "writing/delete.html",
        title=f"Delete {path}",
        active="files",
        path=path,
        file=None if is_directory else facts,
        files=min(count, LIMITS.commit_files_max),
        more=count > LIMITS.commit_files_max,
        message=message,
        refusal=None if refusal is None else told(view, refusal),
        message_chars_max=LIMITS.message_chars_max,
    )
