"""`hook`: what a coding agent runs before and after its own tools edit a file, so that locks hold for them as well.

Before, the file is checked out, and the tool call is denied when that is refused. After, the file is checked in: its
new content becomes a version by the agent, with the tool's name as message. Files outside a workspace, and files of a
workspace that nobody serves, are none of our business: the call goes on as if there were no hook.
"""

import hashlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import click

from workspace_server.app import owner
from workspace_server.cli import leave
from workspace_server.cli.api import Address, Api, path_of
from workspace_server.cli.options import STATE
from workspace_server.core.limits import LIMITS
from workspace_server.errors import Internal, InvalidPath, Unavailable, WorkspaceError

PATHS = {"Write": "file_path", "Edit": "file_path", "MultiEdit": "file_path", "NotebookEdit": "notebook_path"}
"""The tools that edit a file, each with the argument that names it."""
AGENT = "claude-code"
STOPPED = 2
"""The exit code at which Claude Code drops the tool call, and tells its model what stands on standard error."""
INPUT_BYTES_MAX = 64 * 1024 * 1024
ANSWER_S = 20.0
"""How long a server may be silent: less than the coding agent gives the hook, which else would go on without it."""

Output = dict[str, Any]


class NotAnEdit(Exception):
    """What came is no call of a tool that edits a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One call of a tool that edits a file, as the hook is told of it.

    Attributes:
        event: When: PreToolUse, PostToolUse or PostToolUseFailure.
        session: Which of several conversations, and which agent within it.
    """

    event: str
    tool: str
    file: Path
    session: str

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "ToolCall":
        """Return the call that a hook's input tells of.

        Raises:
            NotAnEdit: It is none of a tool that edits a file.
        """
        try:
            tool, event = str(said["tool_name"]), str(said["hook_event_name"])
            named = Path(said["tool_input"][PATHS[tool]])
            session = "/".join(str(said[name]) for name in ("session_id", "agent_id") if said.get(name))
            if len(session) > LIMITS.request_id_chars_max:
                session = hashlib.sha256(session.encode("utf-8", "surrogatepass")).hexdigest()
            return cls(event=event, tool=tool, file=Path(said.get("cwd") or ".") / named, session=session)
        except (KeyError, TypeError) as error:
            raise NotAnEdit from error


@click.group("hook")
def hook_command() -> None:
    """Answer what a coding agent asks around the calls of its own tools. See client-config claude-code --hooks."""


@hook_command.command("claude-code")
@click.option("--agent", envvar="WORKSPACE_AGENT", default=AGENT, show_default=True, help="The name to act under.")
@click.option("--required", is_flag=True, help="Deny edits in a workspace while no server answers for it.")
def claude_code_command(agent: str, required: bool) -> int:
    """Read one hook input of Claude Code from standard input, and print the answer."""
    try:
        said = json.loads(sys.stdin.buffer.read(INPUT_BYTES_MAX))
        call = ToolCall.read(said)
    except ValueError:
        click.echo(
            "The input is no JSON; Claude Code runs this command, see client-config claude-code --hooks.", err=True
        )
        return STOPPED if required else leave.FAILED
    except NotAnEdit:
        return 0
    answer = respond(call, agent, required=required)
    if answer is not None:
        print(json.dumps(answer, ensure_ascii=False))
    return 0


def respond(call: ToolCall, agent: str, *, required: bool) -> Output | None:
    """Return what the coding agent is to be told; None for nothing."""
    respond_to: dict[str, Callable[[ToolCall, Api, str], Output | None]] = {
        "PreToolUse": _before,
        "PostToolUse": _after,
        "PostToolUseFailure": _after,
    }
    place = located(call.file)
    if place is None or call.event not in respond_to:
        return None
    folder, path = place
    record = owner.current(folder)
    try:
        _check_spelling(path)
        if record is None or not record.url:
            raise Unavailable(
                f"No server runs for {folder}.", hint=f"Start one: workspace-server serve {folder}", reason="no owner"
            )
        # Without the owner's key: this is the agent's act, and no agent is an admin.
        address = Address(url=record.url)
        return respond_to[call.event](call, Api(lambda: address, agent=agent, timeout_s=ANSWER_S), path)
    except (Unavailable, Internal) as error:
        if required and call.event == "PreToolUse":
            return _denied(error)
        # The edit is found on disk later, and kept as one from outside. Silent without a server: it is not wanted now.
        return None if record is None else {"systemMessage": f"workspace-server: {error}"}
    except WorkspaceError as refusal:
        return _refused(call, refusal)


def located(file: Path) -> tuple[Path, str] | None:
    """Return the workspace that *file* lies in, and its path there; None when it lies in none.

    Links on the way to the file are followed, as the tool will; the file itself may be one, which the server refuses.
    """
    beside = Path(os.path.realpath(file.parent))
    for folder in (beside, *beside.parents):
        if (folder / STATE).is_dir():
            return folder, (beside / file.name).relative_to(folder).as_posix()
    return None


def _check_spelling(path: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise InvalidPath(f"{path!a} is no name in UTF-8.", path=ascii(path), reason="a lone surrogate") from error


def _before(call: ToolCall, api: Api, path: str) -> Output | None:
    api.post(f"/files/{path_of(path)}:checkout", {"session": call.session, "purpose": call.tool})
    return None  # no decision of ours: what the user has allowed the agent stays as it is


def _after(call: ToolCall, api: Api, path: str) -> Output | None:
    done = api.post(f"/files/{path_of(path)}:checkin", {"session": call.session})
    if done["released"] or done["by"] == api.agent:
        return None
    if call.event == "PostToolUseFailure" or done["by"] is None:  # denied, so not checked out; or ignored
        return None
    return _told(call, f"{path}@{done['version']} stands as a version by {done['by']}: the lock had ended before.")


def _refused(call: ToolCall, refusal: WorkspaceError) -> Output | None:
    if refusal.facts.get("reason") == "ignored":  # shared with nobody, so nobody's edit can be lost
        return None
    if call.event != "PreToolUse":
        return _told(call, f"{refusal} {refusal.hint or ''}")
    return _denied(refusal, "ask" if _is_guarded(refusal) else "deny")


def _is_guarded(refusal: WorkspaceError) -> bool:
    """Whether only a person may change the file: the one who sits before the agent can say so."""
    return refusal.code == "forbidden" and refusal.facts.get("verb") == "admin"


def _denied(refusal: WorkspaceError, decision: Literal["deny", "ask"] = "deny") -> Output:
    reason = f"workspace-server: {refusal} ({refusal.code}){_held_for(refusal)} {refusal.hint or ''}".rstrip()
    return {
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": decision,
            "permissionDecisionReason": reason,
        }
    }


def _held_for(refusal: WorkspaceError) -> str:
    """Return for what and how long somebody holds the file, where that is why an edit is refused."""
    left_s, purpose = refusal.facts.get("expires_in_seconds"), refusal.facts.get("purpose")
    if left_s is None:
        return ""
    return f" ({purpose}, for {left_s} s more unless renewed)" if purpose else f" (for {left_s} s more unless renewed)"


def _told(call: ToolCall, what: str) -> Output:
    return {
        "hookSpecificOutput": {
            "hookEventName": call.event,
            "additionalContext": f"workspace-server: {what}".rstrip(),
        }
    }
