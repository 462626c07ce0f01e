"""The tools, resources and prompts that MCP's conformance suite asks for, on the server that speaks for a workspace.

What is looked at is ours all the same: transport, guard, eras, streams, the shape of refusals. The suite calls things
of fixed names, which no workspace has; so they stand here, and only here.
"""

import asyncio
import base64
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import mcp_types as types
from mcp import MCPError

from workspace_server.errors import InvalidArgument
from workspace_server.interfaces.guard import Guard
from workspace_server.interfaces.mcp import errors
from workspace_server.interfaces.mcp.calls import Context
from workspace_server.interfaces.mcp.registry import ToolSpec
from workspace_server.interfaces.mcp.server import WorkspaceMcp
from workspace_server.services.engine import Engine

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
WAV = base64.b64encode(b"RIFF$\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0@\x1f\0\0@\x1f\0\0\1\0\x08\0data\0\0\0\0").decode()
NAME = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
Result = types.CallToolResult | types.InputRequiredResult
Given = types.CallToolRequestParams | types.GetPromptRequestParams
Tool = Callable[["Conformance", Context, types.CallToolRequestParams], Awaitable[Result]]


class Conformance(WorkspaceMcp):
    """The server of a workspace, with what the suite calls in place of its tools, resources and prompts."""

    def __init__(self, engine: Engine, guard: Guard) -> None:
        super().__init__(engine, guard)
        self._key = secrets.token_bytes(32)
        self.tools: Mapping[str, ToolSpec] = {}
        workspace = self._request_handlers["resources/read"].handler
        self._read_file: Any = workspace
        for method, params, handler in (
            ("tools/list", types.PaginatedRequestParams, self._tools),
            ("tools/call", types.CallToolRequestParams, self._call),
            ("resources/list", types.PaginatedRequestParams, self._resources),
            ("resources/templates/list", types.PaginatedRequestParams, self._templates),
            ("resources/read", types.ReadResourceRequestParams, self._read),
            ("prompts/list", types.PaginatedRequestParams, self._prompts),
            ("prompts/get", types.GetPromptRequestParams, self._prompt),
            ("completion/complete", types.CompleteRequestParams, self._complete),
            ("logging/setLevel", types.SetLevelRequestParams, self._level),
        ):
            self.add_request_handler(method, params, handler)  # type: ignore[arg-type]  # each takes its own params

    def _input_schema(self, name: str) -> Mapping[str, Any] | None:
        return schema_of(name) if name in TOOLS else None

    async def _tools(self, ctx: Context, params: Any) -> types.ListToolsResult:
        tools = [types.Tool(name=name, description=f"{name}.", input_schema=schema_of(name)) for name in TOOLS]
        return types.ListToolsResult(tools=tools)

    async def _call(self, ctx: Context, params: types.CallToolRequestParams) -> Result:
        if params.name not in TOOLS:
            return errors.refused(
                InvalidArgument("There is no such tool.", hint="tools/list.", argument="name", reason="unknown tool")
            )
        return await TOOLS[params.name](self, ctx, params)

    async def _resources(self, ctx: Context, params: Any) -> types.ListResourcesResult:
        named = {"text": "text/plain", "binary": "image/png"}
        return types.ListResourcesResult(
            resources=[
                types.Resource(uri=f"test://static-{name}", name=name, description=f"Static {name}.", mime_type=kind)
                for name, kind in named.items()
            ]
        )

    async def _templates(self, ctx: Context, params: Any) -> types.ListResourceTemplatesResult:
        template = types.ResourceTemplate(uri_template="test://template/{id}/data", name="data", description="Data.")
        return types.ListResourceTemplatesResult(resource_templates=[template])

    async def _read(self, ctx: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        uri = str(params.uri)
        content: types.TextResourceContents | types.BlobResourceContents
        if uri == "test://static-text":
            said = "This is the content of the static text resource."
            content = types.TextResourceContents(uri=uri, mime_type="text/plain", text=said)
        elif uri == "test://static-binary":
            content = types.BlobResourceContents(uri=uri, mime_type="image/png", blob=PNG)
        elif uri.startswith("test://template/") and uri.endswith("/data"):
            number = uri.removeprefix("test://template/").removesuffix("/data")
            said = json.dumps({"id": number, "templateTest": True, "data": f"Data for ID: {number}"})
            content = types.TextResourceContents(uri=uri, mime_type="application/json", text=said)
        else:
            read: types.ReadResourceResult = await self._read_file(
                ctx, params
            )  # what no resource is: as in a workspace
            return read
        return types.ReadResourceResult(contents=[content])

    async def _prompts(self, ctx: Context, params: Any) -> types.ListPromptsResult:
        return types.ListPromptsResult(
            prompts=[
                types.Prompt(
                    name=name,
                    description=f"{name}.",
                    arguments=[types.PromptArgument(name=one, description=one, required=True) for one in arguments],
                )
                for name, arguments in PROMPTS.items()
            ]
        )

    async def _prompt(
        self, ctx: Context, params: types.GetPromptRequestParams
    ) -> types.GetPromptResult | types.InputRequiredResult:
        given = params.arguments or {}
        if params.name == "test_simple_prompt":
            return said_by_user(text("This is a simple prompt for testing."))
        if params.name == "test_prompt_with_arguments":
            return said_by_user(text(f"Prompt with arguments: arg1='{given.get('arg1')}', arg2='{given.get('arg2')}'"))
        if params.name == "test_prompt_with_embedded_resource":
            resource = embedded(given.get("resourceUri", ""), "text/plain", "Embedded resource content for testing.")
            return said_by_user(resource, text("Please process the embedded resource above."))
        if params.name == "test_prompt_with_image":
            return said_by_user(image(), text("Please analyze the image above."))
        answers = params.input_responses or {}
        if "user_context" not in answers:
            return asked({"user_context": elicited("What context should the prompt use?", "context")})
        return said_by_user(text(f"In this context: {spoken(answers['user_context'])}"))

    async def _complete(self, ctx: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
        words = [word for word in ("paris", "park", "party") if word.startswith(params.argument.value)]
        return types.CompleteResult(completion=types.Completion(values=words, total=len(words), has_more=False))

    async def _level(self, ctx: Context, params: types.SetLevelRequestParams) -> types.EmptyResult:
        return types.EmptyResult()

    def sealed(self, state: str) -> str:
        """Return a state that goes to the client and comes back, so that a change shows."""
        return f"{state}.{hmac.digest(self._key, state.encode(), 'sha256').hex()}"

    def opened(self, sealed: str | None) -> str | None:
        """Return the state that a client sends back.

        Raises:
            MCPError: It was changed on the way.
        """
        if sealed is None:
            return None
        state = sealed.partition(".")[0]
        if not hmac.compare_digest(self.sealed(state), sealed):
            raise MCPError(types.INVALID_PARAMS, "The state was changed on the way.")
        return state


def text(said: str) -> types.TextContent:
    return types.TextContent(type="text", text=said)


def image() -> types.ImageContent:
    return types.ImageContent(type="image", data=PNG, mime_type="image/png")


def embedded(uri: str, kind: str, said: str) -> types.EmbeddedResource:
    return types.EmbeddedResource(
        type="resource", resource=types.TextResourceContents(uri=uri, mime_type=kind, text=said)
    )


def said_by_user(*contents: Any) -> types.GetPromptResult:
    return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=one) for one in contents])


def answer(*contents: Any) -> types.CallToolResult:
    return types.CallToolResult(content=list(contents))


def asked(requests: dict[str, Any], state: str | None = None) -> types.InputRequiredResult:
    return types.InputRequiredResult(input_requests=requests, request_state=state)


def elicited(message: str, name: str, kind: str = "string") -> types.ElicitRequest:
    schema = {"type": "object", "properties": {name: {"type": kind}}, "required": [name]}
    return types.ElicitRequest(params=types.ElicitRequestFormParams(message=message, requested_schema=schema))


def sampled(prompt: str, tokens_max: int = 100) -> types.CreateMessageRequest:
    messages = [types.SamplingMessage(role="user", content=text(prompt))]
    return types.CreateMessageRequest(params=types.CreateMessageRequestParams(messages=messages, max_tokens=tokens_max))


def spoken(response: Any) -> str:
    return json.dumps(response.model_dump(mode="json", by_alias=True, exclude_none=True))


def fixed(*contents: Any) -> Tool:
    async def tool(server: Conformance, ctx: Context, params: Any) -> Result:
        return answer(*contents)

    return tool


async def fails(server: Conformance, ctx: Context, params: Any) -> Result:
    return errors.refused(
        InvalidArgument("This tool intentionally returns an error for testing", hint=None, argument="", reason="test")
    )


async def logs(server: Conformance, ctx: Context, params: Any) -> Result:
    for said in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await ctx.session.send_log_message("info", said, related_request_id=ctx.request_id)
        await asyncio.sleep(0.05)
    return answer(text("Said three things."))


async def progresses(server: Conformance, ctx: Context, params: Any) -> Result:
    for part in (0, 50, 100):
        await ctx.session.report_progress(part, total=100)
        await asyncio.sleep(0.05)
    return answer(text("Done."))


async def samples(server: Conformance, ctx: Context, params: types.CallToolRequestParams) -> Result:
    prompt = str((params.arguments or {})["prompt"])
    messages = [types.SamplingMessage(role="user", content=text(prompt))]
    said = await ctx.session.create_message(messages, max_tokens=100, related_request_id=ctx.request_id)
    return answer(text(f"LLM response: {spoken(said)}"))


def elicits(schema: dict[str, Any], message: str = "Please say") -> Tool:
    async def tool(server: Conformance, ctx: Context, params: types.CallToolRequestParams) -> Result:
        said = str((params.arguments or {}).get("message", message))
        found = await ctx.session.elicit_form(said, schema, related_request_id=ctx.request_id)
        return answer(text(f"Elicitation completed: action={found.action}, content={json.dumps(found.content)}"))

    return tool


def needs(requests: Mapping[str, Any], *, state: str | None = None) -> Tool:
    """Return a tool that answers once it was told all that *requests* ask for, and its state came back as it went."""

    async def tool(server: Conformance, ctx: Context, params: types.CallToolRequestParams) -> Result:
        came = server.opened(params.request_state)
        answers = params.input_responses or {}
        capable = {key: one for key, one in requests.items() if _may(ctx, one)}
        if any(key not in answers for key in capable) or came != (state if answers else came):
            return asked(capable, None if state is None else server.sealed(state))
        return answer(text(f"state-ok {' '.join(spoken(answers[key]) for key in capable)}"))

    return tool


async def needs_sampling(server: Conformance, ctx: Context, params: types.CallToolRequestParams) -> Result:
    request = sampled("What is the capital of France?")
    if not _may(ctx, request):
        raise MCPError(-32021, "This tool needs sampling.", {"requiredCapabilities": {"sampling": {}}})
    return asked({"capital_question": request})


async def rounds(server: Conformance, ctx: Context, params: types.CallToolRequestParams) -> Result:
    came, answers = server.opened(params.request_state), params.input_responses or {}
    if came == "two" and "step2" in answers:
        return answer(text("Both steps are done."))
    if came == "one" and "step1" in answers:
        return asked({"step2": elicited("Step 2: What is your favorite color?", "color")}, server.sealed("two"))
    return asked({"step1": elicited("Step 1: What is your name?", "name")}, server.sealed("one"))


def _may(ctx: Context, request: Any) -> bool:
    """Whether the client has said that it can be asked this."""
    said = ctx.session.client_capabilities
    kind = {"elicitation/create": "elicitation", "sampling/createMessage": "sampling", "roots/list": "roots"}
    return said is None or getattr(said, kind[request.method]) is not None


_OPTIONS = ["option1", "option2", "option3"]
_TITLED = [{"const": f"value{n}", "title": title} for n, title in enumerate(("First", "Second", "Third"), 1)]
_DEFAULTS = {
    "name": {"type": "string", "default": "John Doe"},
    "age": {"type": "integer", "default": 30},
    "score": {"type": "number", "default": 95.5},
    "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
    "verified": {"type": "boolean", "default": True},
}
_ENUMS = {
    "untitledSingle": {"type": "string", "enum": _OPTIONS},
    "titledSingle": {"type": "string", "oneOf": _TITLED},
    "legacyEnum": {
        "type": "string",
        "enum": ["opt1", "opt2", "opt3"],
        "enumNames": ["Option One", "Option Two", "Option Three"],
    },
    "untitledMulti": {"type": "array", "items": {"type": "string", "enum": _OPTIONS}},
    "titledMulti": {"type": "array", "items": {"anyOf": _TITLED}},
}
_USER = {"username": {"type": "string"}, "email": {"type": "string"}}
_NAME = elicited("What is your name?", "name")
_CONFIRM = elicited("Please confirm", "ok", "boolean")
TOOLS: Mapping[str, Tool] = {
    "test_simple_text": fixed(text("This is a simple text response for testing.")),
    "test_image_content": fixed(image()),
    "test_audio_content": fixed(types.AudioContent(type="audio", data=WAV, mime_type="audio/wav")),
    "test_embedded_resource": fixed(
        embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")
    ),
    "test_multiple_content_types": fixed(
        text("Multiple content types test:"),
        image(),
        embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
    ),
    "test_tool_with_logging": logs,
    "test_logging_tool": logs,
    "test_error_handling": fails,
    "test_tool_with_progress": progresses,
    "test_streaming_elicitation": needs({"user_name": _NAME}),
    "test_missing_capability": needs_sampling,
    "test_sampling": samples,
    "test_elicitation": elicits({"type": "object", "properties": _USER, "required": ["username", "email"]}),
    "test_elicitation_sep1034_defaults": elicits({"type": "object", "properties": _DEFAULTS}),
    "test_elicitation_sep1330_enums": elicits({"type": "object", "properties": _ENUMS}),
    "test_input_required_result_elicitation": needs({"user_name": _NAME}),
    "test_input_required_result_sampling": needs({"capital_question": sampled("What is the capital of France?")}),
    "test_input_required_result_list_roots": needs({"client_roots": types.ListRootsRequest()}),
    "test_input_required_result_request_state": needs({"confirm": _CONFIRM}, state="state"),
    "test_input_required_result_tampered_state": needs({"confirm": _CONFIRM}, state="state"),
    "test_input_required_result_multiple_inputs": needs(
        {"user_name": _NAME, "greeting": sampled("Generate a greeting", 50), "client_roots": types.ListRootsRequest()},
        state="several",
    ),
    "test_input_required_result_capabilities": needs(
        {"user_name": _NAME, "greeting": sampled("Generate a greeting", 50)}
    ),
    "test_input_required_result_multi_round": rounds,
}
PROMPTS: Mapping[str, tuple[str, ...]] = {
    "test_simple_prompt": (),
    "test_prompt_with_arguments": ("arg1", "arg2"),
    "test_prompt_with_embedded_resource": ("resourceUri",),
    "test_prompt_with_image": (),
    "test_input_required_result_prompt": (),
}
_ARGUMENTS = {"test_sampling": "prompt", "test_elicitation": "message"}


def schema_of(name: str) -> dict[str, Any]:
    """Return what arguments a tool takes."""
    argument = _ARGUMENTS.get(name)
    if argument is None:
        return {"type": "object", "properties": {}}
    return {"type": "object", "properties": {argument: {"type": "string"}}, "required": [argument]}
