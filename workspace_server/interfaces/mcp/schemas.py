"""Arguments of tools: how they are declared, shown to a model in few bytes, read, and refused."""

import difflib
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from workspace_server.errors import InvalidArgument

Schema = dict[str, Any]


class Arguments(BaseModel):
    """What a tool takes: unknown names are refused, and nothing is taken for something else."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


A = TypeVar("A", bound=Arguments)


def terse(model: type[Arguments]) -> Schema:
    """Return the JSON Schema of *model* without what tells a model nothing.

    Pydantic's titles repeat names, docstrings are for people, and `null` as one more type of everything optional
    doubles a schema. Null is still taken: it means that the argument is left out.
    """
    schema = model.model_json_schema()
    shrunk: Schema = _shrunk(schema, schema.pop("$defs", {}))
    return shrunk


def read(model: type[A], given: Mapping[str, Any], *, tool: str) -> A:
    """Return the arguments of a call.

    Raises:
        InvalidArgument: One is missing, unknown or of another type; `argument` and `reason` say which and why.
    """
    try:
        return model.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise _refused(error, model, tool) from None


def printable(text: str) -> str:
    """Return *text* so that every face can send it: lone surrogates as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def _refused(error: ValidationError, model: type[Arguments], tool: str) -> InvalidArgument:
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    first = next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])
    name = printable(".".join(str(part) for part in first["loc"]))
    reason = "there is no such argument" if first["type"] == "extra_forbidden" else first["msg"]
    more = f" ({len(faults) - 1} more faults)" if len(faults) > 1 else ""
    return InvalidArgument(
        f"{tool}: {name}: {reason}{more}.",
        hint=_near(name, model) + f"{tool} takes {_signature(model)}.",
        argument=name,
        reason=reason,
    )


def _near(name: str, model: type[Arguments]) -> str:
    near = difflib.get_close_matches(name, _names(model), n=1)
    return f"Did you mean {near[0]}? " if near and near[0] != name else ""


def _names(model: type[Arguments]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _signature(model: type[Arguments]) -> str:
    needed = [field.alias or name for name, field in model.model_fields.items() if field.is_required()]
    optional = [name for name in _names(model) if name not in needed]
    if not optional:
        return ", ".join(needed) or "no arguments"
    return (", ".join(needed) + "; " if needed else "") + "optional: " + ", ".join(optional)


def _shrunk(node: Any, parts: Mapping[str, Any]) -> Any:
    """Return a schema with its references replaced by what they name: some clients do not follow them."""
    if isinstance(node, list):
        return [_shrunk(entry, parts) for entry in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        part = dict(parts[str(node["$ref"]).rpartition("/")[2]])
        part.pop("additionalProperties", None)
        return _shrunk(part, parts)
    found = {name: value for name, value in node.items() if not _says_nothing(name, value)}
    properties = found.pop("properties", None)
    found = {name: _shrunk(value, parts) for name, value in found.items()}
    if properties is not None:
        found["properties"] = {name: _shrunk(value, parts) for name, value in properties.items()}
    choices = [choice for choice in found.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        del found["anyOf"]
        return {**choices[0], **found}
    return {**found, "anyOf": choices} if choices else found


def _says_nothing(name: str, value: Any) -> bool:
    return (name in {"title", "description"} and isinstance(value, str)) or (name == "default" and value is None)
