"""Refusals in words for a person: what is in the way, and what to do next. Hints of services speak to agents."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workspace_server.errors import WorkspaceError
from workspace_server.interfaces.web.view import View

_NEXT = {
    "conflict": "Look at what was saved meanwhile, then say whether you still mean it.",
    "version_required": "Look at what stands there; then choose another name, or replace it.",
    "locked": "Wait until the lock is given back or runs out, or ask its holder.",
    "suspicious_write": "If the text is meant to be that short, save it all the same.",
    "name_taken": "Choose another name.",
    "is_directory": "Choose another name.",
    "not_found": "It may have been moved or deleted meanwhile: look at its folder, or search for it above.",
    "paused": "Whoever owns the folder lets it go on, on the page of the agents.",
    "quota_exceeded": "Delete what is not needed, or ask whoever runs the server for more room.",
    "unavailable": "Nothing was changed. Try again in a moment.",
}
_OWNER_ONLY = "The owner of the folder may: come in with `workspace-server open`."


@dataclass(frozen=True, slots=True)
class Told:
    """A refusal as a page shows it; of a lock in the way its facts tell who holds it, what for and how long."""

    code: str
    http_status: int
    message: str
    next_step: str
    facts: Mapping[str, Any]


def told(view: View, refusal: WorkspaceError) -> Told:
    """Return *refusal* for whoever looks."""
    next_step = _NEXT.get(refusal.code) or refusal.hint or ""
    if refusal.code == "forbidden" and refusal.facts.get("verb") == "admin" and not view.may("admin"):
        next_step = _OWNER_ONLY
    message = refusal.message if refusal.code != "conflict" else _moved_on(refusal.facts)
    return Told(refusal.code, refusal.http_status, message, next_step, refusal.facts)


def _moved_on(facts: Mapping[str, Any]) -> str:
    if not facts["version"]:
        return f"{facts['path']} was deleted meanwhile; you were shown version {facts['expected']}."
    return f"{facts['modified_by']} has saved version {facts['version']}; you were shown version {facts['expected']}."
