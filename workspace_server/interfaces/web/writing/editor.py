"""The editor: a text in a form, saved over the version that it was made from; nothing that was typed is lost.

A save that is refused gives the page back with the text in it, what is in the way above it, and beside it what can be
done: merge with what was saved meanwhile, replace just that, break a lock.
"""

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape
from starlette.responses import Response

from workspace_server.core.limits import LIMITS
from workspace_server.errors import Conflict, NotFound, NotText, TooLarge, WorkspaceError
from workspace_server.interfaces.web.addresses import file_url
from workspace_server.interfaces.web.history.unified import read_diff
from workspace_server.interfaces.web.view import FORM_BYTES_MAX, View, lead_to
from workspace_server.interfaces.web.visible import visible
from workspace_server.interfaces.web.writing import fields
from workspace_server.interfaces.web.writing.fields import Fields
from workspace_server.interfaces.web.writing.told import told
from workspace_server.services.files.editing import EditedText, LacksLetters
from workspace_server.services.recording import Result

EDIT, NEW = "/edit", "/new"
FORM_MAX = 6 * LIMITS.edited_text_bytes_max + FORM_BYTES_MAX
"""A form spells an end of a line in six characters, and every other byte in three at most."""
ENDS_SAID = {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What is in the form: a text for *path*, made from version *base* (0: none), and why it is saved."""

    path: str
    base: int
    text: str
    message: str = ""


async def edit(view: View) -> Response:
    """Show the head of a file, or the version or the draft that the address names, in the editor."""
    path, draft = view.text("path") or "", view.text("draft")
    try:
        opened = await view.engine.editing.open_text(view.caller, path=path, version=view.number("version"))
    except (NotText, TooLarge) as refusal:
        return view.render(
            "writing/not_editable.html",
            title=path,
            active="files",
            path=path,
            refusal=told(view, refusal),
        )
    text = opened.text if draft is None else await view.engine.editing.draft_text(view.caller, draft)
    # A version of the past is opened to be saved as the newest: it is made from the head, as far as others care.
    base = opened.version if opened.newest or draft is not None else await _head(view, path)
    return await _page(view, Typed(path=opened.path, base=base, text=text))


async def save(view: View) -> Response:
    """Save what was typed, and lead to the file."""
    form = await view.form(FORM_MAX)
    typed = Typed(
        path=form.get("path", ""),
        base=fields.number(form, "base") or 0,
        text=form.get("text", ""),
        message=form.get("message", ""),
    )
    try:
        await fields.break_lock(view, form)
        result = await _saved(view, typed, form)
    except WorkspaceError as refusal:
        return await _page(view, typed, refusal)
    return lead_to(file_url(result["path"]))


async def new(view: View) -> Response:
    """Show an empty text for a file that is not there yet."""
    return _new_page(view, fields.folder(view), Typed(path=view.text("name") or "", base=0, text=""))


async def create(view: View) -> Response:
    """Make the file, and lead to it."""
    form = await view.form(FORM_MAX)
    directory, name = form.get("in", ""), form.get("name", "")
    typed = Typed(path=name, base=0, text=form.get("text", ""), message=form.get("message", ""))
    try:
        path = fields.below(directory, name)
        await fields.break_lock(view, form)
        result = await _saved(view, Typed(path=path, base=0, text=typed.text, message=typed.message), form)
    except WorkspaceError as refusal:
        return _new_page(view, directory, typed, refusal)
    return lead_to(file_url(result["path"]))


async def _saved(view: View, typed: Typed, form: Fields) -> Result:
    action = form.get("do")
    return await view.engine.editing.save_text(
        view.caller,
        path=typed.path,
        typed=typed.text,
        base=typed.base,
        over=fields.number(form, "over") if action == "replace" else None,
        merge=action == "merge",
        insist=action == "insist",
        as_utf8=action == "utf-8",
        message=typed.message or None,
    )


async def _head(view: View, path: str) -> int:
    try:
        return int((await view.engine.files.stat(view.caller, path=path)).get("version", 0))
    except NotFound:
        return 0


async def _page(view: View, typed: Typed, refusal: WorkspaceError | None = None) -> Response:
    beside = await _beside(view, typed) if isinstance(refusal, Conflict) else None
    try:
        facts = await view.engine.files.stat(view.caller, path=typed.path)
    except WorkspaceError:
        facts = None
    return view.render(
        "writing/edit.html",
        title=f"Edit {typed.path}",
        active="files",
        path=typed.path,
        file=facts,
        typed=typed,
        text=_as_it_is(typed.text),
        is_hiding=visible(typed.text) != typed.text,
        kept=await _kept(view, typed),
        refusal=None if refusal is None else told(view, refusal),
        lacks_letters=isinstance(refusal, LacksLetters),
        beside=beside,
        text_bytes_max=LIMITS.edited_text_bytes_max,
        message_chars_max=LIMITS.message_chars_max,
    )


def _new_page(view: View, directory: str, typed: Typed, refusal: WorkspaceError | None = None) -> Response:
    return view.render(
        "writing/new.html",
        title="New file",
        active="files",
        path=directory,
        typed=typed,
        text=_as_it_is(typed.text),
        taken=fields.below(directory, typed.path) if isinstance(refusal, Conflict) else None,
        refusal=None if refusal is None else told(view, refusal),
        message_chars_max=LIMITS.message_chars_max,
    )


async def _beside(view: View, typed: Typed) -> dict[str, Any]:
    """Return both sides of a conflict and, where they can be merged, what that gives, line by line."""
    found = await view.engine.editing.standing(view.caller, path=typed.path, typed=typed.text, base=typed.base)
    return {
        "version": found.version,
        "by": found.by,
        "theirs": None if found.theirs is None else read_diff(found.theirs),
        "yours": read_diff(found.yours),
        "both": None if found.both is None else read_diff(found.both),
    }


async def _kept(view: View, typed: Typed) -> list[str]:
    """Return what of the file's form a save keeps, where it is not what everybody expects."""
    if not typed.base:
        return []
    try:
        opened: EditedText = await view.engine.editing.open_text(view.caller, path=typed.path, version=typed.base)
    except WorkspaceError:
        return []
    encoding = [] if opened.stored.encoding == "utf-8" else [opened.stored.encoding.upper()]
    mark = ["byte order mark"] if opened.stored.mark else []
    ends = sorted(ENDS_SAID[end] for end in opened.ends)
    return [*encoding, *mark, *([] if ends in ([], ["LF"]) else [" and ".join(ends) + " line ends"])]


def _as_it_is(text: str) -> Markup:
    """Return a text for a form: escaped, with nothing made visible, for what comes back is saved.

    The parser of HTML drops a line end at the beginning, so there is one more.
    """
    return Markup("\n") + escape(text)
