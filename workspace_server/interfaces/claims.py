"""What a request says of itself: its sender's own id for it, its trace, and what tells it from another one."""

import hashlib
import json
from dataclasses import replace

from workspace_server.core.access import Caller
from workspace_server.core.limits import LIMITS
from workspace_server.errors import InvalidArgument

TRACE_CHARS = 55


def asking(caller: Caller, *what: object) -> Caller:
    """Return the caller with a digest of what it asks for, where a repeat must be told from another call.

    The same by a token that grants something else is another call: the first answer may name what that one may not see.
    """
    if caller.request_id is None:
        return caller
    text = json.dumps([*what, sorted(map(str, caller.scope.grants))], sort_keys=True, default=str)
    return replace(caller, asked=hashlib.sha256(text.encode()).hexdigest()[:16])


def trace_context(value: object) -> str | None:
    """Return a trace context of the form that there is; another one is nobody's mistake, and says nothing."""
    return value if isinstance(value, str) and len(value) == TRACE_CHARS else None


def own_id(value: object, argument: str) -> str | None:
    """Return an id that a caller made up, within its bound."""
    if value is None:
        return None
    if not isinstance(value, str) or not 1 <= len(value) <= LIMITS.request_id_chars_max or not value.isprintable():
        raise InvalidArgument(
            f"{argument} is text of 1 to {LIMITS.request_id_chars_max} printable characters.",
            hint="A UUID will do.",
            argument=argument,
            reason="malformed id",
        )
    return value
