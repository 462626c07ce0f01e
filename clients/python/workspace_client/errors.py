"""What the server refused, and why."""

import json
from typing import Any


class WorkspaceError(Exception):
    """The server refused a call, or could not be reached within the client's patience.

    Attributes:
        code: What kind of refusal it is: `conflict`, `locked`, `version_required` …; stable, to be tested.
        message: One sentence that says what is wrong.
        hint: The next call to make.
        retryable: Whether the same call may succeed later without a change.
        facts: What stands beside the message, such as `path`, `version`, `diff` or `expires_in_seconds`.
    """

    def __init__(self, code: str, message: str, hint: str | None = None, *, retryable: bool = False, **facts: Any):
        super().__init__(f"{code}: {message}" + (f" ({hint})" if hint else ""))
        self.code = code
        self.message = message
        self.hint = hint
        self.retryable = retryable
        self.facts = facts

    @classmethod
    def from_text(cls, text: str) -> "WorkspaceError":
        """Return the refusal that the text of a failed tool call holds; any other text becomes `internal`."""
        try:
            said = json.loads(text)
            return cls(**said)
        except (ValueError, TypeError):
            return cls("internal", text)
