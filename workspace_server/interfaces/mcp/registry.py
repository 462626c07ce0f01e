"""What a tool is, and all tools in the order in which they are offered."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mcp_types import CallToolResult, TextContent, Tool, ToolAnnotations

from workspace_server.core.access import Caller
from workspace_server.core.scopes import Verb
from workspace_server.interfaces.mcp.errors import compact
from workspace_server.interfaces.mcp.schemas import Arguments, Schema, terse

if TYPE_CHECKING:
    from workspace_server.services.engine import Engine

Answer = dict[str, Any] | CallToolResult
Handler = Callable[["Engine", Caller, Any], Awaitable[Answer]]


@dataclass(frozen=True, kw_only=True)
class ToolSpec:
    """One tool.

    Attributes:
        description: What a model reads that has never seen this server; ends with one example.
        core: Whether it is among those that the setting `tools = "core"` offers.
        changes: Whether it changes anything.
        destroys: Whether it can take away what others see; a history stays in any case.
        repeatable: Whether calling it again with the same arguments changes nothing more.
        waits: Whether it may take long on purpose, so that it reports progress.
    """

    name: str
    description: str
    params: type[Arguments]
    verb: Verb
    handler: Handler
    core: bool = False
    changes: bool = True
    destroys: bool = False
    repeatable: bool = False
    waits: bool = False

    @cached_property
    def schema(self) -> Schema:
        """The JSON Schema of the arguments."""
        return terse(self.params)

    @cached_property
    def listed(self) -> Tool:
        """The tool as `tools/list` shows it."""
        hints = ToolAnnotations(
            read_only_hint=not self.changes,
            destructive_hint=self.destroys if self.changes else None,
            idempotent_hint=True if self.changes and self.repeatable else None,
            open_world_hint=False,
        )
        return Tool(name=self.name, description=self.description, input_schema=self.schema, annotations=hints)


def result(answer: Answer, notice: dict[str, Any] | None = None) -> CallToolResult:
    """Return an answer as structured content, which several clients show alone, and as compact text for the others.

    Args:
        notice: What a person has left for the caller; it rides in the answer, or in the header of a file that is read.
    """
    if isinstance(answer, CallToolResult):
        return answer if notice is None else _with_header(answer, {"notice": notice})
    if notice is not None:
        answer = {**answer, "notice": notice}
    return CallToolResult(content=[TextContent(type="text", text=compact(answer))], structured_content=answer)


def _with_header(answer: CallToolResult, more: dict[str, Any]) -> CallToolResult:
    header, *rest = answer.content
    assert isinstance(header, TextContent), "what is no structured content begins with a header"
    text = compact({**json.loads(header.text), **more})
    return answer.model_copy(update={"content": [TextContent(type="text", text=text), *rest]})
