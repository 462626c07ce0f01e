"""The API's description (OpenAPI 3.1), made from the table of operations and the models of their arguments."""

import inspect
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from workspace_server import __version__, errors
from workspace_server.interfaces.http.operations import Operation, Table

PREFIX = "/api/v1"
NOT_MODIFIED = 304
_REFERENCE = "#/components/schemas/{model}"
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "hint", "retryable"],
            "properties": {
                "code": {"type": "string", "enum": sorted({kind.code for kind in errors.ALL})},
                "message": {"type": "string", "description": "What is wrong, in a sentence."},
                "hint": {"type": ["string", "null"], "description": "The next call to make."},
                "retryable": {"type": "boolean", "description": "The same call may succeed later without a change."},
            },
            "additionalProperties": {"description": "The facts of the code, such as `path` and `version`."},
        }
    },
}
_HEADERS = {
    "X-Agent": "Who calls. Without it the caller is `anonymous`.",
    "Idempotency-Key": "The request's own id: a repeat gets the first answer, with `replayed: true`.",
    "If-Match": 'The version that the change replaces, as in `"7"`.',
    "If-None-Match": "For a change `*`: nothing may stand there. For a read: the version you have.",
    "X-Lock": "The handle of a lock that covers the path; several with commas between.",
    "X-Message": "Why, for the history.",
}
_FOR_CHANGES = ("If-Match", "If-None-Match", "X-Lock", "X-Message")


def describe(table: Table) -> dict[str, Any]:
    """Return the description of every operation of *table*."""
    models = {model for entry in table.operations for model in (entry.body, entry.result) if model is not None}
    ordered = sorted(models, key=lambda model: model.__name__)
    _, found = models_json_schema([(model, "validation") for model in ordered], ref_template=_REFERENCE, by_alias=True)
    paths: dict[str, dict[str, Any]] = {}
    for entry in sorted(table.operations, key=lambda entry: (entry.template, entry.method)):
        paths.setdefault(PREFIX + entry.template, {})[entry.method.lower()] = _operation(entry)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "workspace-server",
            "version": __version__,
            "description": "Files with versions, locks, facts, events, triggers and jobs. In a path `/` stands as"
            " it is; every other reserved character is percent-encoded.",
        },
        "paths": paths,
        "components": {"schemas": {**found.get("$defs", {}), "Error": _ERROR}},
    }


def _operation(entry: Operation) -> dict[str, Any]:
    description: dict[str, Any] = {
        "operationId": entry.name,
        "summary": entry.summary,
        "tags": [inspect.getmodule(entry.handler).__name__.rpartition(".")[2]],  # type: ignore[union-attr]  # all have one
        "parameters": [*_in_path(entry), *_in_query(entry.query), *_in_headers(entry)],
        "responses": {
            **{str(status): _answer(status, meaning, entry) for status, meaning in entry.answers.items()},
            "default": {
                "description": "Refused.",
                "content": {"application/json": {"schema": {"$ref": _REFERENCE.format(model="Error")}}},
            },
        },
    }
    if entry.body is not None:
        schema = {"$ref": _REFERENCE.format(model=entry.body.__name__)}
        description["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    elif entry.method == "PUT":
        binary = {"schema": {"type": "string", "format": "binary"}}
        description["requestBody"] = {"required": True, "content": {"application/octet-stream": binary}}
    return description


def _answer(status: int, meaning: str, entry: Operation) -> dict[str, Any]:
    if status == NOT_MODIFIED:
        return {"description": meaning}
    if entry.result is None:
        content: dict[str, Any] = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    else:
        content = {"application/json": {"schema": {"$ref": _REFERENCE.format(model=entry.result.__name__)}}}
    return {"description": meaning, "content": content}


def _in_path(entry: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in entry.pattern.groupindex
    ]


def _in_query(model: type[BaseModel] | None) -> list[dict[str, Any]]:
    if model is None:
        return []
    schema = model.model_json_schema(by_alias=True)
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": value}
        for name, value in schema["properties"].items()
    ]


def _in_headers(entry: Operation) -> list[dict[str, Any]]:
    names = ["X-Agent"]
    if entry.method != "GET":
        names.append("Idempotency-Key")
        if entry.template.startswith("/files/"):
            names.extend(_FOR_CHANGES)
    return [
        {"name": name, "in": "header", "description": _HEADERS[name], "schema": {"type": "string"}} for name in names
    ]
