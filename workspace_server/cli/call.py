"""`call`: any MCP tool from a shell."""

import difflib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from workspace_server.cli import leave, show
from workspace_server.cli.api import Api
from workspace_server.cli.options import api_options
from workspace_server.errors import InvalidArgument, WorkspaceError


@click.command("call")
@click.argument("tool")
@click.argument("arguments", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--agent", help="The name to act under; by default WORKSPACE_AGENT, else your own.")
@api_options
def call_command(api: Api, *, tool: str, arguments: tuple[str, ...], agent: str | None) -> int:
    """Call the MCP tool TOOL and print its result as JSON.

    A value is text where the tool takes text, else JSON. KEY=@FILE is the content of a file and KEY=@- standard input;
    KEY=@@… is text that begins with @. A key that is given again makes a list.

    A refusal is printed as JSON on standard error; the exit code says its kind: 2 mend the call, 3 not there, 4 read
    again, 5 locked, 6 not allowed, 7 too much, 75 try later, 1 anything else.
    """
    if agent is not None:
        api.agent = agent
    try:
        tools = {entry["name"]: entry["inputSchema"] for entry in api.tools()}
        if tool not in tools:
            meant = difflib.get_close_matches(tool, tools, n=1)
            reason = f"there is no tool {tool}; there are {', '.join(tools)}"
            raise _wrong("name", reason, hint=f"Did you mean {meant[0]}?" if meant else "See call --help.")
        schema = tools[tool].get("properties", {})
        show.as_json(_answer(api.call_tool(tool, _arguments(arguments, schema))))
    except WorkspaceError as error:
        return leave.refused(error, as_json=True)
    return 0


def _arguments(given: Sequence[str], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `KEY=VALUE` words mean to a tool that takes *schema*."""
    values: dict[str, list[Any]] = {}
    for word in given:
        key, equals, raw = word.partition("=")
        if not equals:
            raise _wrong(word, "it must be KEY=VALUE")
        values.setdefault(key, []).append(_value(key, raw, schema.get(key, {})))
    return {key: _joined(several, schema.get(key, {})) for key, several in values.items()}


def _value(key: str, raw: str, schema: Mapping[str, Any]) -> Any:
    if raw.startswith("@@"):
        return raw[1:]
    if raw.startswith("@"):
        return _content(key, raw[1:])
    kinds = _kinds(schema)
    if "string" in kinds and not (raw[:1] in ("[", "{") and len(kinds) > 1):
        return raw
    try:
        return json.loads(raw)
    except ValueError:
        return raw  # perhaps a word of a list; else the server says what it takes


def _content(key: str, name: str) -> str:
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return data.decode()
    except OSError as error:
        raise _wrong(key, f"cannot read {name}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise _wrong(key, f'{name} is not UTF-8 text; use encoding=base64 content="$(base64 -w0 {name})"') from None


def _joined(several: list[Any], schema: Mapping[str, Any]) -> Any:
    if len(several) > 1 or ("array" in (kinds := _kinds(schema)) and "string" not in kinds):
        return [part for value in several for part in (value if isinstance(value, list) else [value])]
    return several[0]


def _kinds(schema: Mapping[str, Any]) -> set[str]:
    """Return the JSON types that a schema takes; anything when it does not say."""
    several = [schema, *schema.get("anyOf", ()), *schema.get("oneOf", ())]
    kinds = {str(one["type"]) for one in several if isinstance(one.get("type"), str)}
    if "enum" in schema:
        kinds.add("string")
    return kinds or {"string"}


def _answer(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tool's result as one object; text beside a header line becomes its `text`."""
    if result.get("structuredContent") is not None:
        return dict(result["structuredContent"])
    texts = [block["text"] for block in result["content"] if block["type"] == "text"]
    answer: dict[str, Any] = json.loads(texts[0])
    if len(texts) > 1:
        answer["text"] = texts[1]
    for block in result["content"]:
        if block["type"] == "image":
            answer["data"] = block["data"]
        elif block["type"] == "resource" and "blob" in block["resource"]:
            answer["data"] = block["resource"]["blob"]
        elif block["type"] == "resource_link":
            answer["link"] = block["uri"]
    return answer


def _wrong(argument: str, reason: str, *, hint: str = "See call --help.") -> InvalidArgument:
    return InvalidArgument(f"{argument}: {reason}.", hint=hint, argument=argument, reason=reason)
