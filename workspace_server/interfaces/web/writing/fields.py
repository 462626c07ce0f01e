"""What the forms of this section have in common: where they lead, numbers in fields, and the breaking of a lock."""

from collections.abc import Mapping
from contextlib import suppress

from workspace_server.core.paths import canonical_directory
from workspace_server.errors import NotFound
from workspace_server.interfaces.web.view import View, number_in

Fields = Mapping[str, str]


def number(form: Fields, name: str) -> int | None:
    """Return a field as a number; an empty one is none.

    Raises:
        InvalidArgument: It is none.
    """
    raw = form.get(name, "")
    return number_in(raw, name) if raw else None


def below(directory: str, name: str) -> str:
    """Return the path of what is called *name* in a directory; the name may lead through folders that are new."""
    return f"{directory}/{name.strip('/')}" if directory else name


def folder(view: View) -> str:
    """Return the directory that the address names; the root unless it does."""
    return canonical_directory(view.text("in") or "")


async def break_lock(view: View, form: Fields) -> None:
    """Break the lock that the form names, when whoever sent it has said twice that it is meant.

    Raises:
        Forbidden: That takes the verb admin.
    """
    lock = form.get("lock")
    if lock and form.get("sure"):
        with suppress(NotFound):  # it has ended meanwhile, which is just as well
            await view.engine.locks.end_lock(view.caller, lock, note=form.get("message") or None)
