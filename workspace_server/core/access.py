"""Who calls, and what that caller may do."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from workspace_server.core.limits import LIMITS
from workspace_server.core.patterns import Selector
from workspace_server.core.scopes import LOCAL, Scope, Verb
from workspace_server.errors import Forbidden, InvalidArgument

Door = Literal["mcp", "http", "web", "stdio", "engine"]

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
        scope: What the caller may do where.
        verified: Whether the name was proven, or only claimed.
        door: Where the call came in.
        request_id: The caller's id of this request; a repeat under the same id is answered from the record.
        asked: What tells this request from another one under the same id: a digest of what it asks for.
        cause: The id of the firing that the caller says it works for.
        session: The process that calls, where one lives on between its calls: it keeps its locks while it does.
        token: The public id of the token by which the caller has proven who it is.
        address: Where the request came from: an address of the network, or `local` for a process of this machine.
        call_id: By what the server's log and its audit log call the request.
        trace: The W3C trace context that the request came with.
    """

    agent: str
    scope: Scope = LOCAL
    verified: bool = False
    door: Door = "engine"
    request_id: str | None = None
    asked: str | None = None
    cause: str | None = None
    session: str | None = None
    token: str | None = None
    address: str | None = None
    call_id: str | None = None
    trace: str | None = None

    def may(self, verb: Verb) -> bool:
        """Return whether the caller has *verb* anywhere at all."""
        return self.scope.may(verb)

    def sees(self, path: str) -> bool:
        """Return whether the caller may read the file at *path*: nothing that it is told may come from another one."""
        return self.scope.allows("read", path)

    @property
    def sees_all(self) -> bool:
        """Whether the caller may read every file, and what is told of none."""
        return self.scope.is_whole("read")

    def require(self, verb: Verb, path: str | None = None) -> None:
        """Pass when the caller has *verb* for *path*; without one, for the whole workspace.

        Raises:
            Forbidden: It has not.
        """
        if not (self.scope.is_whole(verb) if path is None else self.scope.allows(verb, path)):
            raise self._lacks(verb, path)

    def require_somewhere(self, verb: Verb) -> None:
        """Pass when the caller has *verb* anywhere: for who then leaves out of the answer what it does not see.

        Raises:
            Forbidden: It has not.
        """
        if not self.scope.may(verb):
            raise self._lacks(verb, None)

    def require_below(self, verb: Verb, directory: str) -> None:
        """Pass when the caller may have *verb* for a file below the canonical *directory*.

        Raises:
            Forbidden: It has not.
        """
        if not self.scope.near(verb, directory):
            raise self._lacks(verb, directory or None)

    def require_within(self, verb: Verb, selector: Selector) -> None:
        """Pass when the caller has *verb* for all that *selector* may name.

        Raises:
            Forbidden: It has not.
        """
        if not self.scope.within(verb, selector):
            # Without the slash: a name was perhaps read as a directory's because one was found there.
            raise self._lacks(verb, selector.text.removesuffix("/") or "/")

    def _lacks(self, verb: Verb, path: str | None) -> Forbidden:
        anywhere = self.scope.may(verb)
        where = "" if not anywhere else " in the whole workspace" if path is None else " there"
        return Forbidden(
            f"{self.agent} needs the verb {verb}{where} for this.",
            hint="The command line on the folder has it, and `workspace-server open` gives it to your browser."
            if verb == "admin"
            else f"Ask the operator for the verb {verb}{where}.",
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
