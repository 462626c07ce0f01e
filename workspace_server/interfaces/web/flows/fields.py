"""The fields of a trigger as a form has them: text that a person types, and back."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from workspace_server.core.triggers.parsing import FIELDS, parse_definition
from workspace_server.core.triggers.targets import KINDS
from workspace_server.errors import InvalidArgument

ALL: Final = FIELDS
DIGITS_MAX: Final = 15
_SPECIAL: Final = re.compile(r"[\\*?\[{]")


def _number(text: str) -> Any:
    """Return a number; what is none is left to the rule of the field, which says what it must be."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX else text


def _words(text: str) -> list[str]:
    return [part.strip() for part in text.replace("\n", ",").split(",") if part.strip()]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _text(text: str) -> str:
    """Return lines as they were typed: forms end them in their own way."""
    return text.replace("\r\n", "\n")


def _settle(text: str) -> Any:
    """Return a pause in milliseconds, perhaps also how long at most; or the word for none."""
    quiet, _, longest = text.partition(",")
    if not text.strip()[:1].isdecimal():
        return text.strip()
    return {"quiet_ms": _number(quiet)} | ({"max_wait_ms": _number(longest)} if longest.strip() else {})


def _flag(text: str) -> bool:
    return text == "on"


def _agents(text: str) -> Any:
    return True if text.strip() == "true" else _number(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A field that most triggers leave out.

    Attributes:
        choices: What it may be, when that is a few words; the first is what it is without a word.
        flag: Whether it is yes or no.
        lines: Whether it is a list, an entry a line.
        read: What its text means.
    """

    name: str
    label: str
    about: str
    choices: tuple[str, ...] = ()
    flag: bool = False
    lines: bool = False
    read: Callable[[str], Any] = str.strip


OPTIONS: Final = (
    Option(name="not_files", label="But not these files", about="Paths, patterns: one a line", lines=True, read=_lines),
    Option(name="agents", label="Only saved by", about="Names of agents, with commas between", read=_words),
    Option(name="not_agents", label="Not saved by", about="Names of agents, with commas between", read=_words),
    Option(name="media_types", label="Only of the types", about="For example text/markdown", read=_words),
    Option(name="min_bytes", label="Only from this size on", about="Bytes", read=_number),
    Option(name="max_bytes", label="Only up to this size", about="Bytes", read=_number),
    Option(name="distinct_agents", label="From so many agents", about="A number", read=_agents),
    Option(name="manifest", label="A file that lists the files", about="Path; goes with “all of these”"),
    Option(name="refire", label="The next round begins", about="With “all of these”", choices=("all", "any")),
    Option(
        name="since", label="Files that are there already", about="now: they do not count", choices=("now", "existing")
    ),
    Option(
        name="settle",
        label="Pause before firing",
        read=_settle,
        about="Milliseconds without a save, and at most: 750, 5000; or immediate",
    ),
    Option(name="hold_max_seconds", label="Wait for locks", about="Seconds at most", read=_number),
    Option(name="indexed", label="Wait until the index has read them", about="", flag=True, read=_flag),
    Option(name="checks", label="Must pass the checks", about="Names from the settings", read=_words),
    Option(name="within_seconds", label="Must be complete within", about="Seconds from the first file", read=_number),
    Option(name="on_timeout", label="If it is not", about="", choices=("wait", "escalate", "fire_partial", "reset")),
    Option(name="schedule", label="By the clock", about="Cron, for example 0 9 * * 1-5"),
    Option(name="timezone", label="Time zone", about="For example Europe/Berlin"),
    Option(name="missed", label="A moment without a server", about="", choices=("once", "skip")),
    Option(name="concurrency", label="Firings at a time", about="Per key", read=_number),
    Option(name="rate_per_minute", label="Firings a minute", about="At most", read=_number),
    Option(name="max_depth", label="Firings in a chain", about="At most", read=_number),
    Option(name="include_own_writes", label="Its own agents' writes count, too", about="", flag=True, read=_flag),
    Option(name="on", label="On these events", about="Instead of saves; for example file.deleted", read=_words),
    Option(name="include", label="Webhook carries", about="Some of facts, diff, content", read=_words),
    Option(name="profile", label="Form of the webhook", about="", choices=("standard", "plain")),
    Option(name="agent", label="Its receiver acts as", about="Name of an agent"),
    Option(name="visibility_seconds", label="And has so long", about="Seconds", read=_number),
)
_READ: Final[Mapping[str, Callable[[str], Any]]] = {
    "name": str.strip,
    "files": _lines,
    "mode": str.strip,
    "count": _number,
    "instructions": _text,
    **{option.name: option.read for option in OPTIONS},
}

_TO: Final[Mapping[str, str]] = {
    "queue": "Name the queue.",
    "url": "Say the address of the webhook.",
    "command": "Name the command.",
    "approval": "Say what the person is asked.",
}


def read(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of a trigger that a form says; one that is empty is left out.

    Raises:
        InvalidArgument: No kind of target was chosen, or none of that kind was named.
    """
    given: dict[str, Any] = {}
    for name, meaning in _READ.items():
        value = meaning(form[name]) if form.get(name) else None
        if value not in (None, "", []):
            given[name] = value
    if form.get("kind") not in KINDS:
        raise InvalidArgument("Choose whom it calls.", hint="A queue, for example.", argument="queue")
    if not form.get("to", "").strip():
        raise InvalidArgument(_TO[form["kind"]], hint="It is what the trigger starts.", argument=form["kind"])
    given[form["kind"]] = form["to"].strip()
    return given


def spell(trigger: Mapping[str, Any]) -> dict[str, str]:
    """Return a trigger, as the list shows it, as the form has it: without what it says by default anyway."""
    kind = next(kind for kind in KINDS if kind in trigger)
    counted = {"count": 1} if trigger["mode"] == "count" else {}
    usual = parse_definition({"name": "x", "files": ["x"], "mode": trigger["mode"], "queue": "q", **counted})
    said = {name: value for name, value in trigger.items() if usual.as_mapping().get(name) != value}
    if said.get("profile") == "standard":
        del said["profile"]
    filled = {"name": trigger["trigger"], "kind": kind, "to": trigger[kind], "mode": trigger["mode"]}
    for name in _READ:
        if name in said or (name in {"files", "count"} and name in trigger):
            filled[name] = _spelled(name, trigger[name])
    return filled


def named(argument: object) -> str | None:
    """Return which field of the form a refusal is about."""
    return "to" if argument in {*KINDS, "secret"} else str(argument) if argument in _READ else None


def _spelled(name: str, value: Any) -> str:
    if name == "settle":
        return f"{value['quiet_ms']}, {value['max_wait_ms']}" if isinstance(value, Mapping) else str(value)
    if isinstance(value, bool):
        return "on" if value else ""
    if isinstance(value, list):
        return ("\n" if _READ[name] is _lines else ", ").join(map(_entry, value))
    return _entry(value)


def _entry(value: Any) -> str:
    """Return an entry as text; of a path that would read as a pattern, what reads as that path."""
    return _SPECIAL.sub(r"\\\g<0>", value["path"]) if isinstance(value, Mapping) else str(value)
