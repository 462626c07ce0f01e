"""What arguments of several use cases have in common: how they are read, and refused."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import canonical_file
from workspace_server.errors import InvalidArgument, TooLarge
from workspace_server.storage.files import Source

Encoding = Literal["utf-8", "base64"]


def refused(argument: str, reason: str, hint: str | None = None) -> InvalidArgument:
    """Return the refusal of one argument."""
    return InvalidArgument(f"{argument}: {reason}", hint=hint, argument=argument, reason=reason)


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
            raise refused("content", "holds a lone surrogate, which UTF-8 cannot carry") from None
    if len(data) > LIMITS.tool_content_bytes_max:
        raise TooLarge(
            f"One call takes up to {LIMITS.tool_content_bytes_max} bytes; this is {len(data)}.",
            hint=f"Send the file with PUT {put_url}",
            limit=LIMITS.tool_content_bytes_max,
            actual=len(data),
        )
    return data


def message_text(message: str | None) -> str | None:
    """Return a version's message, within its bound."""
    if message is not None and len(message) > LIMITS.message_chars_max:
        raise refused("message", f"is longer than {LIMITS.message_chars_max} characters")
    return message


def sources_list(sources: Sequence[Mapping[str, Any]] | None) -> list[Source]:
    """Return what a version was written from, with canonical paths."""
    if not sources:
        return []
    if len(sources) > LIMITS.sources_max:
        raise refused("sources", f"has more than {LIMITS.sources_max} entries")
    found: list[Source] = []
    for source in sources:
        version = source.get("version")
        if set(source) != {"path", "version"} or not isinstance(version, int) or version < 1:
            raise refused("sources", "each entry is {path, version}", 'For example [{"path": "a.md", "version": 3}].')
        found.append({"path": canonical_file(str(source["path"])), "version": version})
    return found


def handles(lock: str | Sequence[str] | None) -> list[str]:
    """Return the lock handles of a call: none, one, or a list."""
    if lock is None:
        return []
    return [lock] if isinstance(lock, str) else list(lock)


def bounded(argument: str, value: float, least: float, most: float) -> None:
    """Pass when *value* is between *least* and *most*.

    Raises:
        InvalidArgument: It is not.
    """
    if not least <= value <= most:
        raise refused(argument, f"must be {least:g} to {most:g}, not {value:g}")
