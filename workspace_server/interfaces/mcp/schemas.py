"""Arguments of tools: how they are declared, shown to a model in few bytes, read, and refused."""

import difflib
import re
from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from workspace_server.errors import InvalidArgument

Schema = dict[str, Any]
NAME_CHARS_MAX = 200
"""Longest name of an argument in a refusal; what was sent may be of any length."""
UNKNOWN = "extra_forbidden"
_KIND = re.compile(r"^str$|\[|^[A-Z]")
"""How Pydantic names, within a place, the kind of value that it tried: our own names are lower case."""
_REASONS = {
    UNKNOWN: "there is no such argument",
    "missing": "is missing",
    "string_type": "must be text",
    "string_unicode": "must be valid Unicode",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "too_short": "must not be empty",
}


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
    faults = [
        (_place(fault), _reason(fault), fault["type"] == UNKNOWN)
        for fault in error.errors(include_url=False, include_input=False)
    ]
    # A misspelt name explains what else is missing. What lies deepest is the kind of value that was meant.
    place, _, _ = min(faults, key=lambda fault: (not fault[2], -len(fault[0])))
    reason = " or ".join(dict.fromkeys(why for where, why, _ in faults if where == place))
    name = printable(".".join(map(str, place)))[:NAME_CHARS_MAX]
    return InvalidArgument(f"{tool}: {name}: {reason}.", hint=_hint(place, model, tool), argument=name, reason=reason)


def _place(fault: ErrorDetails) -> tuple[int | str, ...]:
    """Return where a fault is, in the words of the caller: without the names of the kinds that one might have meant."""
    place = fault["loc"]
    last = len(place) - 1
    return tuple(
        part
        for at, part in enumerate(place)
        if at == 0 or isinstance(part, int) or (at == last and fault["type"] == UNKNOWN) or not _KIND.search(part)
    )


def _reason(fault: ErrorDetails) -> str:
    told = _REASONS.get(fault["type"])
    if told is not None:
        return told
    said = fault.get("ctx", {})
    return f"must be {said['expected']}" if "expected" in said else str(said.get("error", fault["msg"]))


def _hint(place: tuple[int | str, ...], model: type[Arguments], tool: str) -> str:
    """Return what there is to give, at the place of a fault: to the tool, or to an entry of one of its lists."""
    field = model.model_fields.get(str(place[0]))
    entry = None if field is None or len(place) == 1 else _entry_of(field.annotation)
    if entry is None:
        return f"{_near(place[-1], model)}{tool} takes {_signature(model)}."
    plain = "text, or " if str in _parts(field.annotation if field else None) else ""
    return f"{_near(place[-1], entry)}Each of {place[0]} is {plain}an object with {_signature(entry)}."


def _parts(annotation: Any) -> list[Any]:
    return [annotation, *(part for inner in get_args(annotation) for part in _parts(inner))]


def _entry_of(annotation: Any) -> type[Arguments] | None:
    found = [part for part in _parts(annotation) if isinstance(part, type) and issubclass(part, Arguments)]
    return found[0] if found else None


def _near(name: int | str, model: type[Arguments]) -> str:
    near = difflib.get_close_matches(str(name), _names(model), n=1)
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
