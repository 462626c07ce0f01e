"""The MCP server over one engine: its methods, and the one place where refusals become results.

It is the SDK's low-level server. Arguments and names are checked here, so that a model sees our error with its hint for
wrong arguments and unknown tools as well, where the SDK would answer with a JSON-RPC error that no model ever sees.
"""

import asyncio
import difflib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from mcp.server.context import CallNext, HandlerResult
from mcp.server.lowlevel.server import NotificationOptions, Server
from mcp.server.models import InitializationOptions
from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, NotificationParams, PaginatedRequestParams

from workspace_server import __version__
from workspace_server.core.access import Caller
from workspace_server.core.tokens import bytes_said
from workspace_server.errors import InvalidArgument, WorkspaceError
from workspace_server.interfaces.claims import asking
from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.mcp import errors, prompts, schemas
from workspace_server.interfaces.mcp.calls import Context, arrived, caller_of, client_of, require_caller
from workspace_server.interfaces.mcp.events.methods import EventMethods
from workspace_server.interfaces.mcp.instructions import instructions
from workspace_server.interfaces.mcp.registry import Answer, ToolSpec, result
from workspace_server.interfaces.mcp.resources import Resources
from workspace_server.interfaces.mcp.tools import TOOLS
from workspace_server.interfaces.mcp.updates import Updates
from workspace_server.services.agents.presence import about

if TYPE_CHECKING:
    from workspace_server.services.engine import Engine

NAME = "workspace-server"
PROGRESS_EVERY_S = 5.0
OK = 200
UNKNOWN = "unknown"
"""What the metrics call a tool that is none, so that made-up names make no new series."""
INITIALIZE = "initialize"
"""The one method that the SDK answers without a handler of ours."""
MODERN = "2026"
"""Versions from here on are stateless, and every result carries its type."""


class WorkspaceMcp(Server[dict[str, Any]]):
    """All methods of one workspace; run `background` beside it."""

    def __init__(self, engine: "Engine", guard: Guard) -> None:
        self._engine = engine
        self.guard = self._guard = guard
        self.observe: Callable[[str, str, str, float], None] = lambda *_: None
        """Counts what does not come by HTTP: its door, operation and outcome, and how many seconds it took."""
        core_only = engine.settings.tools == "core"
        self.tools: Mapping[str, ToolSpec] = {tool.name: tool for tool in TOOLS if tool.core or not core_only}
        self.updates = Updates(engine, guard)
        resources = Resources(engine, guard)
        super().__init__(
            NAME,
            version=__version__,
            title=f"Workspace {engine.folder.name}",
            instructions=instructions(name=engine.folder.name, base_url=engine.folder.base_url),
            get_tool_input_schema=self._input_schema,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_resources=resources.list_page,
            on_list_resource_templates=resources.templates,
            on_read_resource=resources.read,
            on_completion=resources.complete,
            on_list_prompts=prompts.list_prompts,
            on_get_prompt=prompts.get_prompt,
            on_subscriptions_listen=self.updates.listen,
            on_subscribe_resource=self.updates.subscribe,
            on_unsubscribe_resource=self.updates.unsubscribe,
        )
        self.add_notification_handler("notifications/initialized", NotificationParams, self.updates.initialized)
        # The SDK's own middleware traces calls for OpenTelemetry, which costs a tenth of a call; metrics are ours.
        self.middleware[:] = [self._name_operation, _shape_calls]
        self.events = EventMethods(engine, guard)
        self.events.add_to(self)

    def create_initialization_options(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
    ) -> InitializationOptions:
        """Declare that changes of the list of resources are told; the HTTP manager calls this without arguments."""
        options = notification_options or NotificationOptions(resources_changed=True)
        return super().create_initialization_options(options, experimental_capabilities, extensions)

    def end_streams(self) -> None:
        """End everything that waits for news, each with its result: the server ends."""
        self.updates.close()
        self.events.streams.close()

    @property
    def put_url(self) -> str:
        """Where programs put files of any size, with PATH for the path."""
        return self._engine.folder.bytes_url("PATH")

    async def _name_operation(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        """Count a request by its method; one that calls a tool is counted by the tool, once that is known.

        A method that is none keeps the name of the address: made-up ones make no new series.
        """
        if ctx.method == INITIALIZE or self.get_request_handler(ctx.method) is not None:
            arrived(ctx).operation = ctx.method
        return await call_next(ctx)

    def _input_schema(self, name: str) -> Mapping[str, Any] | None:
        tool = self.tools.get(name)
        return None if tool is None else tool.schema

    async def _list_tools(self, ctx: Context, params: PaginatedRequestParams | None) -> ListToolsResult:  # noqa: ARG002
        caller = require_caller(self._guard, ctx)
        return ListToolsResult(tools=[tool.listed for tool in self.tools.values() if caller.may(tool.verb)])

    async def _call_tool(self, ctx: Context, params: CallToolRequestParams) -> CallToolResult:
        arrival = arrived(ctx)
        arrival.operation = UNKNOWN
        try:
            caller = caller_of(self._guard, ctx, arrival)
            tool = self._tool(params.name)
        except WorkspaceError as refusal:
            arrival.outcome = refusal.code
            return errors.refused(refusal)
        arrival.operation = tool.name
        presence, notes = self._engine.agents.presence, self._engine.agents.notes
        call = presence.begin(caller, tool.name, about=about(params.arguments), client=client_of(ctx))
        size_bytes = 0
        try:
            answer = await self._answer(ctx, tool, asking(caller, params.name, params.arguments), params.arguments)
            arrival.outcome = answer.code if isinstance(answer, WorkspaceError) else "ok"
            notice = notes.take(caller.agent)
            said = errors.refused(answer, notice) if isinstance(answer, WorkspaceError) else result(answer, notice)
            size_bytes = _size_bytes(said)
            return said
        finally:
            presence.end(call, size_bytes)
            if arrival.door == "stdio":  # what comes by HTTP is counted there
                self.observe(arrival.door, arrival.operation, arrival.outcome or "cancelled", arrival.seconds)
                arrival.say(OK)

    async def _answer(
        self, ctx: Context, tool: ToolSpec, caller: Caller, arguments: dict[str, Any] | None
    ) -> Answer | WorkspaceError:
        """Return what the tool answers, or its refusal."""
        try:
            given = schemas.read(tool.params, arguments or {}, tool=tool.name)
            async with self._beside(ctx, tool, caller):
                return await tool.handler(self._engine, caller, given)
        except WorkspaceError as refusal:
            return refusal
        except Exception as error:  # noqa: BLE001 - the outermost border: logged there, with its traceback
            return errors.failed(error)

    def _beside(self, ctx: Context, tool: ToolSpec, caller: Caller) -> AbstractAsyncContextManager[None]:
        """Return what lasts as long as a call: a place among those of its token, or news of it while it waits."""
        if not tool.waits:
            return self._guard.shares.place(caller)
        return _progress(ctx) if ctx.meta is not None and "progress_token" in ctx.meta else nullcontext()

    def _tool(self, name: str) -> ToolSpec:
        tool = self.tools.get(name)
        if tool is not None:
            return tool
        near = difflib.get_close_matches(name, self.tools, n=1)
        raise InvalidArgument(
            f"There is no tool {schemas.printable(name[:64])}.",
            hint=f"Did you mean {near[0]}?" if near else f"There are {', '.join(self.tools)}.",
            argument="name",
            reason="unknown tool",
        )


def _size_bytes(answer: CallToolResult) -> int:
    """Return how much of an answer a model is given to read; structured content repeats what the text says."""
    return bytes_said(getattr(block, "text", "") or getattr(block, "data", "") for block in answer.content)


async def _shape_calls(ctx: Context, call_next: CallNext) -> HandlerResult:
    """Answer a call whose name or arguments have no shape; the SDK would refuse it where no model sees it."""
    if ctx.method == "tools/call":
        params = ctx.params or {}
        wrong = _wrong_shape(params)
        if wrong is not None:
            # What is answered here goes out as it is, so the envelope of the modern era is ours too.
            answer = errors.refused(wrong).model_dump(by_alias=True, mode="json", exclude_none=True)
            if ctx.protocol_version < MODERN:
                answer.pop("resultType", None)
            return answer
    return await call_next(ctx)


def _wrong_shape(params: Mapping[str, Any]) -> InvalidArgument | None:
    if not isinstance(params.get("name"), str):
        return InvalidArgument(
            "A call names its tool.", hint="tools/list shows the tools.", argument="name", reason="must be text"
        )
    if not isinstance(params.get("arguments", {}), dict | None):
        return InvalidArgument(
            "The arguments of a call are one object.",
            hint='Send {"path": "a.md"}, not a list or text.',
            argument="arguments",
            reason="must be an object",
        )
    return None


@asynccontextmanager
async def _progress(ctx: Context) -> AsyncIterator[None]:
    """Say every few seconds that the call goes on, so that no client gives it up."""

    async def tell() -> None:
        seconds = 0.0
        while True:
            await asyncio.sleep(PROGRESS_EVERY_S)
            seconds += PROGRESS_EVERY_S
            await ctx.session.report_progress(seconds, message=f"still waiting after {seconds:.0f} s")

    # A plain task, not a task group: that would wrap the refusals of the call.
    telling = asyncio.get_running_loop().create_task(tell())
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.wait([telling])
