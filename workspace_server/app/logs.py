"""The server's own log: one line for each thing that is said, as text or as JSON, which nobody outside can add to.

What a line says of names and paths comes from callers: whatever in it is no printable character is spelled out, so that
no name ends a line, begins another one or moves the cursor of who reads it.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, Literal

from workspace_server.interfaces.arrival import current

OURS = ("workspace_server", "indexer")
"""Who speaks at the level that is set; libraries warn only, as what they say in detail may hold what was sent."""


def set_up(level: str, form: Literal["text", "json"]) -> None:
    """Let all that is said go to standard error, one line each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return what a record says beside its message: of which request it is, and the facts that it was given."""
    arrival = current.get()
    given: dict[str, Any] = getattr(record, "facts", {})
    known = given if arrival is None else {"request_id": arrival.call_id, **given}
    return {name: value for name, value in known.items() if value is not None}


class JsonLines(logging.Formatter):
    """One JSON object a line: `time`, `level`, `logger`, `message`, the facts, and `error` with its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        said = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **fields(record),
        }
        if record.exc_info:
            said["error"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps(said, default=str)


class TextLines(logging.Formatter):
    """One line for people: time, level, message and the facts; a traceback follows on lines that begin with a bar."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and those of the traceback."""
        facts = "".join(f" {name}={plain(str(value))}" for name, value in fields(record).items())
        line = f"{_moment(record)} {record.levelname.lower():<7} {plain(record.getMessage())}{facts}"
        if not record.exc_info:
            return line
        said = "".join(traceback.format_exception(*record.exc_info))
        return "\n".join([line, *(f"  | {plain(one)}" for one in said.splitlines())])


def plain(text: str) -> str:
    """Return *text* with whatever is no printable character spelled out."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _moment(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
