"""The content of one version of a file, in the form that suits it."""

from typing import Any

from starlette.responses import Response

from workspace_server.errors import NotFound, NotText, TooLarge
from workspace_server.interfaces.web.files.forms import binary
from workspace_server.interfaces.web.files.forms.choosing import PARTS, SOURCE, choice_of
from workspace_server.interfaces.web.files.forms.look import Form, Look, Shown, shown
from workspace_server.interfaces.web.files.forms.source import show as show_source
from workspace_server.interfaces.web.files.kinds import is_written_by_lines
from workspace_server.interfaces.web.view import View


async def show(view: View, facts: dict[str, Any], *, source: bool) -> Response:
    """Show one version of a live file, or send the part of it that a page loads."""
    path, number, part = facts["path"], view.number("version"), view.text("part")
    content = await view.engine.files.open_content(view.caller, path=path, version=number)
    look = Look(view, content, number)
    if part is not None:
        if part not in PARTS:
            raise NotFound("A file has no such part.", hint="Open the file.", path=path)
        return await PARTS[part](look)
    choice = choice_of(path, content.media_type)
    form = show_source if source else choice.show
    seen = await _shown(look, form)
    return view.render(
        "files/file.html",
        title=path,
        active="files",
        path=path,
        file=facts,
        tab="source" if source or choice is SOURCE else "view",
        tabs=tabs(path, content.media_type),
        version=content.version,
        pinned=number,
        content=content,
        look=look,
        form=f"files/forms/{seen.form}.html",
        **seen.values,
    )


def tabs(path: str, media_type: str) -> list[tuple[str, str]]:
    """Return the views of a file, each with what it is called: no view where the source is all there is to see."""
    choice = choice_of(path, media_type)
    seen = [] if choice is SOURCE else [("view", "View")]
    text = [] if choice.text is None else [("source", choice.text)]
    lines = [("blame", "Blame")] if is_written_by_lines(path, media_type) else []
    return [*seen, *text, ("history", "History"), *lines, ("facts", "Facts")]


async def _shown(look: Look, form: Form) -> Shown:
    """Return what *form* makes of the file; of an empty one nothing, and its first bytes where it fails."""
    if look.content.size_bytes == 0:
        return shown("empty")
    try:
        return await form(look)
    except (NotText, TooLarge) as refusal:
        return await binary.show(look, refusal.message)
