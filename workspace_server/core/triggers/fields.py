"""How the fields of a trigger are read: each function returns what one field means, or refuses it by its name."""

import re
from collections.abc import Mapping
from typing import Any, Final

from workspace_server.core.limits import LIMITS
from workspace_server.errors import InvalidArgument

Fields = Mapping[str, Any]
"""The fields as they were given, without those that are None."""

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""How triggers and queues may be named: names stand in URLs and on command lines."""


def refused(argument: str, reason: str, hint: str | None = None) -> InvalidArgument:
    """Return the refusal of one field, to be raised."""
    hint = hint or f"Create the trigger with another {argument}."
    return InvalidArgument(f"{argument}: {reason}.", hint=hint, argument=argument, reason=reason)


def number(fields: Fields, name: str, default: int, low: int, high: int, *, within: str | None = None) -> int:
    """Return a whole number from *low* to *high*.

    Args:
        within: The field that the number is a part of, when it is one.
    """
    value = fields.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise refused(within or name, f"{name} must be a whole number from {low} to {high}")
    return value


def number_if_given(fields: Fields, name: str, low: int, high: int) -> int | None:
    """Return a whole number from *low* to *high*, or None when the field was left out."""
    return number(fields, name, low, low, high) if name in fields else None


def boolean(fields: Fields, name: str) -> bool:
    """Return true or false; false when it was left out."""
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise refused(name, "must be true or false")
    return value


def choice(fields: Fields, name: str, choices: tuple[Any, ...], default: Any) -> Any:
    """Return one of *choices*."""
    value = fields.get(name, default)
    if value not in choices:
        raise refused(name, f"must be one of {', '.join(choices)}")
    return value


def words(fields: Fields, name: str, *, most: int) -> tuple[str, ...]:
    """Return a list of texts, each once; a single text is a list of one; empty when it was left out."""
    given = fields.get(name, ())
    listed = [given] if isinstance(given, str) else given
    if not isinstance(listed, (list, tuple)) or not all(isinstance(one, str) and one for one in listed):
        raise refused(name, "must be a list of texts")
    if name in fields and not listed:
        raise refused(name, "is empty, so that nothing can match", "Leave it out.")
    if len(listed) > most:
        raise refused(name, f"has {len(listed)} entries; {most} are allowed")
    for one in listed:
        encoded(name, one)
    return tuple(dict.fromkeys(listed))


def encoded(argument: str, text: str) -> bytes:
    """Return *text* in UTF-8."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise refused(argument, "holds a lone surrogate, which UTF-8 cannot carry") from None


def check_name(argument: str, name: object) -> str:
    """Return *name* when triggers, queues and the operator's commands and checks may be called so.

    Raises:
        InvalidArgument: They may not.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        reason = "must be 1 to 64 letters, digits, '.', '_' or '-', and begin with a letter or digit"
        raise refused(argument, reason, "Choose a name such as editor-on-draft.")
    return name


def check_instructions(text: object) -> str | None:
    """Return the instructions of a trigger or a job when they are short enough.

    Raises:
        InvalidArgument: They are not.
    """
    if text is None:
        return None
    if not isinstance(text, str):
        raise refused("instructions", "must be a string")
    size = len(encoded("instructions", text))
    if size > LIMITS.instructions_bytes_max:
        reason = f"is {size} bytes long; {LIMITS.instructions_bytes_max} are allowed"
        raise refused("instructions", reason, "Write the details to a file and name it.")
    return text
