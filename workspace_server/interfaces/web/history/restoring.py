"""The form that makes an earlier version of a file the newest, or brings a deleted file back."""

from starlette.responses import Response

from workspace_server.errors import NotFound, WorkspaceError
from workspace_server.interfaces.web.addresses import file_url
from workspace_server.interfaces.web.files import holders
from workspace_server.interfaces.web.history import pages
from workspace_server.interfaces.web.view import View, lead_to
from workspace_server.interfaces.web.writing import fields


async def restore(view: View) -> Response:
    """Restore a version and lead to the file; or show its versions again, and above them why not."""
    form = await view.form()
    path, version = form.get("path", ""), fields.number(form, "version")
    try:
        await fields.break_lock(view, form)
        await view.engine.files.restore_file(
            view.caller, path=path, version=version, expect_version=fields.number(form, "expect_version")
        )
    except WorkspaceError as refusal:
        return await _again(view, path, pages.Refused(version, refusal))
    return lead_to(file_url(path))


async def _again(view: View, path: str, refused: pages.Refused) -> Response:
    try:
        row = await view.engine.files.stat(view.caller, path=path)
    except NotFound as absent:
        if not absent.facts.get("version"):
            raise refused.refusal from None
        return await pages.versions(view, path, None, refused)
    await holders.mark(view, [row])
    return await pages.versions(view, path, row, refused)
