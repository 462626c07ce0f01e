"""What arguments of several use cases have in common: how they are read, and refused."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import canonical_file
from workspace_server.errors import InvalidArgument, TooLarge
from workspace_server.storage.tables.files import NUMBERS_MAX, Source

Encoding = Literal["utf-8", "base64"]


def refused(argument: str, reason: str, hint: str | None = None) -> InvalidArgument:
    """Return the refusal of one argument; without a hint of its own, the reason says what to call instead."""
    return InvalidArgument(
        f"{argument}: {reason}", hint=hint or f"Call again with another {argument}.", argument=argument, reason=reason
    )


def content_bytes(content: str, encoding: Encoding, *, put_url: str) -> bytes:
    """Return the bytes of a tool call's content.

    Args:
        put_url: Where larger content goes, for the hint.

    Raises:
        InvalidArgument: It is not what *encoding* says.
        TooLarge: It is more than one call takes.
    """
    if encoding == "base64":
        try:
            data = base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError):
            raise refused("content", "is not base64", "Send base64, or encoding='utf-8' with plain text.") from None
    else:
        try:
            data = content.encode("utf-8")
        except UnicodeEncodeError:
            raise _not_unicode("content") from None
    if len(data) > LIMITS.tool_content_bytes_max:
        raise TooLarge(
            f"One call takes up to {LIMITS.tool_content_bytes_max} bytes; this is {len(data)}.",
            hint=f"Send the file with PUT {put_url} and your name as X-Agent.",
            limit=LIMITS.tool_content_bytes_max,
            actual=len(data),
        )
    return data


def plain_text(argument: str, text: str | None, chars_max: int) -> str | None:
    """Return a text within its bound that can be stored.

    Raises:
        InvalidArgument: It is too long, or no valid Unicode.
    """
    if text is None:
        return None
    if len(text) > chars_max:
        raise refused(argument, f"is longer than {chars_max} characters", f"Shorten {argument}, then call again.")
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise _not_unicode(argument) from None
    return text


def message_text(message: str | None) -> str | None:
    """Return a version's message, within its bound."""
    return plain_text("message", message, LIMITS.message_chars_max)


def sources_list(sources: Sequence[Mapping[str, Any]] | None) -> list[Source]:
    """Return what a version was written from, with canonical paths."""
    if not sources:
        return []
    if len(sources) > LIMITS.sources_max:
        raise refused("sources", f"has more than {LIMITS.sources_max} entries", "Name those that matter most.")
    found: list[Source] = []
    for source in sources:
        given = dict(source) if isinstance(source, Mapping) else {}
        path, version = given.get("path"), given.get("version")
        if set(given) != {"path", "version"} or not isinstance(path, str) or not isinstance(version, int):
            raise refused("sources", "each entry is {path, version}", 'For example [{"path": "a.md", "version": 3}].')
        if not 0 < version < NUMBERS_MAX:
            raise refused("sources", f"{path}: there is no version {version}", "read_file tells a file's version.")
        found.append({"path": canonical_file(path), "version": version})
    return found


def handles(lock: str | Sequence[str] | None) -> list[str]:
    """Return the lock handles of a call: none, one, or a list."""
    if lock is None:
        return []
    given = [lock] if isinstance(lock, str) else list(lock)
    for handle in given:
        plain_text("lock", handle, LIMITS.handle_chars_max)
    return given


def too_small(needed_tokens: int) -> InvalidArgument:
    """Return the refusal of a budget into which not even the least answer fits."""
    return refused("max_tokens", f"the least answer takes {needed_tokens} tokens", f"max_tokens={needed_tokens + 50}")


def page_cursor(cursor: str | None) -> int | None:
    """Return the number before which a page begins.

    Raises:
        InvalidArgument: No list gave this cursor.
    """
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
        raise refused("cursor", "is not one that this list gave")
    return int(cursor)


def bounded(argument: str, value: float, least: float, most: float) -> None:
    """Pass when *value* is between *least* and *most*.

    Raises:
        InvalidArgument: It is not.
    """
    if not least <= value <= most:
        span = f"{least:.15g} to {most:.15g}" if most < NUMBERS_MAX else f"at least {least:.15g}"
        nearest = least if value < least else most
        raise refused(argument, f"must be {span}, not {value}", f"{argument}={nearest:.15g} is the nearest allowed.")


def _not_unicode(argument: str) -> InvalidArgument:
    return refused(
        argument, "holds a lone surrogate, which UTF-8 cannot carry", r"Leave the lone \ud800 to \udfff out."
    )
