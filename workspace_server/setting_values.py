"""The types that a setting may have: how text becomes a value of one, and what is refused."""

import json
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, cast

Tables = Mapping[str, Any]
"""Tables by name, as `[checks.NAME]` makes them; whoever uses them looks at what stands in each."""


def parsed(raw: str, kind: Any) -> object:
    """Return text from the environment as what a settings file would hold, or unchanged when it is no such thing."""
    if kind is bool:
        return {"true": True, "1": True, "false": False, "0": False}.get(raw.strip().lower(), raw)
    if kind == tuple[str, ...]:
        return [part.strip() for part in raw.split(",") if part.strip()]
    if kind in (int, float):
        try:
            return kind(raw)
        except ValueError:
            return raw
    return raw


def typed(value: object, kind: Any) -> object:
    """Return *value* when it is of *kind*; raises ValueError that says what is taken."""
    if typing.get_origin(kind) is Literal:
        return _require(value, value in typing.get_args(kind), "must be " + " or ".join(typing.get_args(kind)))
    if kind == tuple[str, ...]:
        fits = isinstance(value, list | tuple) and all(isinstance(part, str) for part in value)
        _require(value, fits, "must be a list of text")
        return tuple(cast("list[str]", value))
    if kind is float:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        return float(cast("float", _require(value, fits, "must be a number")))
    return _require(value, *_plain(value, kind))


def _plain(value: object, kind: Any) -> tuple[bool, str]:
    """Return whether *value* is of *kind* as it stands, and what it must be otherwise."""
    if kind == Tables | None:
        fits = isinstance(value, Mapping) and all(isinstance(table, Mapping) for table in value.values())
        return fits, "must be tables, each with a name"
    if kind is bool:
        return isinstance(value, bool), "must be true or false"
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool), "must be a whole number"
    assert kind is str or isinstance(kind, types.UnionType)
    return isinstance(value, str), "must be text"


def spelled(value: object) -> str:
    """Return a value as TOML: what JSON writes is TOML as well, but for tables and one character."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{spelled(name)} = {spelled(part)}" for name, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(spelled, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _require(value: object, fits: bool, otherwise: str) -> object:
    if not fits:
        raise ValueError(f"{otherwise}, not {value!r}")
    return value
