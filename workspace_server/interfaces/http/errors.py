"""How a refusal leaves over HTTP: its status, and the one object that says everything under `error`."""

import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError
from starlette.responses import Response

from workspace_server.errors import (
    Conflict,
    Internal,
    InvalidArgument,
    Paused,
    VersionRequired,
    WorkspaceError,
)
from workspace_server.interfaces.challenges import retry_after

logger = logging.getLogger(__name__)

Json = Mapping[str, Any]
FILES = "/api/v1/files/"
DESCRIPTION = "/api/v1/openapi.json"
HTTP_REFUSED = 400


def encode(content: Json) -> bytes:
    """Return *content* as JSON; a lone surrogate, which UTF-8 cannot carry, leaves as its escape."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


class JsonAnswer(Response):
    """An answer that the server words itself; the bytes of a file may be JSON as well, and are never this."""

    media_type = "application/json"


def json_response(content: Json, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer that nobody may keep: what it says may change with the next commit."""
    fixed = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    return JsonAnswer(encode(content), status, {**fixed, **(headers or {})})


def with_notice(response: JsonAnswer, notice: Json) -> Response:
    """Return an answer with what a person has left for the caller: in a refusal it stands under `error`."""
    said = json.loads(bytes(response.body))
    (said["error"] if response.status_code >= HTTP_REFUSED else said)["notice"] = notice
    kept = {name: value for name, value in response.headers.items() if name != "content-length"}
    return JsonAnswer(encode(said), response.status_code, kept)


def error_response(error: WorkspaceError, *, status: int | None = None, headers: Json | None = None) -> Response:
    """Return the one shape that every refusal has.

    Args:
        status: Another status than the one of the code, where HTTP has a better one.
    """
    extra = {**(headers or {}), **retry_after(error)}
    return json_response({"error": {**error.as_dict(), **_hint(error)}}, status or error.http_status, extra)


def _hint(error: WorkspaceError) -> Json:
    """Return the hint as a request, where the one of the refusal is a tool's call."""
    if isinstance(error, Paused) and "acknowledge" in error.facts:
        request = f'POST /api/v1/jobs/{error.facts["acknowledge"]}:finish with {{"outcome": "done", "note": "…"}}'
        return {"hint": f"{request} says that you have read it; then send this request again."}
    path, draft, version = (error.facts.get(name) for name in ("path", "draft", "version"))
    if draft is None or not isinstance(error, VersionRequired | Conflict):
        return {}
    request = f'PUT {FILES}{quote(str(path))}?draft={draft} with If-Match: "{version}" and no body'
    return {"hint": f"GET {FILES}{quote(str(path))} to see what it holds now; then {request} sends yours in its place."}


def unexpected_response(error: Exception, request_id: str) -> Response:
    """Log a fault of ours under the request's id, and return a refusal that tells the id and nothing else."""
    logger.error("request %s failed", request_id, exc_info=error)
    return error_response(
        Internal(
            "The server failed; the change, if there was one, was not made or was made whole.",
            hint="Look at the state, then try again. The operator finds the request id in the log.",
            request_id=request_id,
        )
    )


def refuse_arguments(error: ValidationError) -> InvalidArgument:
    """Return what is wrong with the arguments: the first fault by name, and how many there are."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    first = faults[0]
    name = ".".join(str(part) for part in first["loc"]) or "body"
    more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
    said = "there is no such argument" if first["type"] == "extra_forbidden" else first["msg"].lower()
    return InvalidArgument(
        f"{name}: {said}{more}.", hint=f"{DESCRIPTION} describes every argument.", argument=name, reason=said
    )
