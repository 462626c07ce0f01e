"""The numbers under which the MCP Events extension refuses, on every way that a refusal takes to the client."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The numbers of the refusals that JSON-RPC itself has none for."""

    not_found: int
    forbidden: int
    exhausted: int
    unsupported: int
    callback: int


DEPLOYED: Final = Numbers(not_found=-32011, forbidden=-32012, exhausted=-32013, unsupported=-32014, callback=-32015)
"""What clients know today."""
PROVISIONAL: Final = Numbers(not_found=-32023, forbidden=-32024, exhausted=-32025, unsupported=-32026, callback=-32027)
"""What the extension's text has set aside."""


def numbers(*, provisional: bool) -> Numbers:
    """Return the numbers that the setting `mcp.provisional_error_codes` asks for."""
    return PROVISIONAL if provisional else DEPLOYED


def category(status: int | None, failure: str | None) -> str:
    """Return the one word that a client is told of an attempt that failed; nothing of the answer itself goes along.

    Args:
        status: Of the answer; None when there was none.
        failure: Why there was none.
    """
    if status is not None:
        return "http_5xx" if status >= 500 else "http_4xx"
    return {"timeout": "timeout", "tls": "tls_error"}.get(failure or "", "connection_refused")
