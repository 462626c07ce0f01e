"""Who calls, and what that caller may do."""

import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

from workspace_server.core.limits import LIMITS
from workspace_server.errors import Forbidden, InvalidArgument

Verb = Literal["read", "write", "lock", "search", "trigger", "jobs", "admin"]
Door = Literal["mcp", "http", "web", "stdio", "engine"]

ALL_VERBS: frozenset[Verb] = frozenset(get_args(Verb))
LOCAL_VERBS: frozenset[Verb] = ALL_VERBS - {"admin"}
"""What a local caller without a token may do: all but `admin`, which needs proof."""

EXTERNAL = "external"
"""The agent name of edits made on disk by a process outside."""
IMPORT = "import"
"""The agent name of the first scan of a folder."""
ANONYMOUS = "anonymous"
"""The agent name of an HTTP caller that gave none."""
OWNER = "owner"
"""The name of whoever decides in a browser that has proven to be the folder's owner's."""
CONFIG = "config"
"""The agent name of what the operator's files say."""
LINK = "link"
"""The name of whoever reads by a share link."""
RESERVED_AGENTS = frozenset({EXTERNAL, IMPORT, OWNER, CONFIG, LINK, "server"})
"""Names that no caller may take."""
_NAME = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The principal of one call.

    Attributes:
        agent: The name under which the call is recorded.
        verbs: What the caller may do.
        verified: Whether the name was proven, or only claimed.
        door: Where the call came in.
        request_id: The caller's id of this request; a repeat under the same id is answered from the record.
        asked: What tells this request from another one under the same id: a digest of what it asks for.
        cause: The id of the firing that the caller says it works for.
        session: The process that calls, where one lives on between its calls: it keeps its locks while it does.
    """

    agent: str
    verbs: frozenset[Verb] = LOCAL_VERBS
    verified: bool = False
    door: Door = "engine"
    request_id: str | None = None
    asked: str | None = None
    cause: str | None = None
    session: str | None = None

    def require(self, verb: Verb, path: str | None = None) -> None:
        """Pass when the caller has *verb*.

        Raises:
            Forbidden: It has not.
        """
        if verb not in self.verbs:
            raise Forbidden(
                f"{self.agent} needs the verb {verb} for this.",
                hint="The command line on the folder has it, and `workspace-server open` gives it to your browser."
                if verb == "admin"
                else f"Ask the operator for the verb {verb}.",
                verb=verb,
                path=path,
            )


SERVER: Final = Caller(agent="server")
"""Who acts when nobody asked: timers, deliveries."""


def local(agent: str) -> Caller:
    """Return what an agent may do while nobody is at the door for it: without tokens, what every local caller may."""
    return Caller(agent=agent)


def agent_name(claimed: object) -> str:
    """Return a claimed agent name; none is `anonymous`.

    Raises:
        InvalidArgument: It is no name, or one that the server keeps for itself.
    """
    if claimed is None or claimed == "":
        return ANONYMOUS
    if not isinstance(claimed, str) or len(claimed) > LIMITS.agent_chars_max or not _NAME.fullmatch(claimed):
        raise InvalidArgument(
            "That is no agent name.",
            hint=f"Use letters, digits, . _ - and one / at most; up to {LIMITS.agent_chars_max} characters.",
            argument="agent",
            reason="malformed name",
        )
    if is_reserved(claimed):
        raise InvalidArgument(
            f"The name {claimed} is the server's own.",
            hint="Use another name.",
            argument="agent",
            reason="reserved name",
        )
    return claimed


def is_reserved(agent: str) -> bool:
    """Whether a name is one that no caller may take: who acts under it is no agent."""
    return agent.partition("/")[0].lower() in RESERVED_AGENTS
