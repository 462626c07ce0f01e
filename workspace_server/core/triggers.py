"""What a trigger is: its definition, checked once, and which inputs a path is to it."""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from workspace_server.core.limits import LIMITS
from workspace_server.core.paths import ROOT_SPELLINGS, FilePath, canonical_file
from workspace_server.core.patterns import Pattern, parse_pattern
from workspace_server.errors import InvalidArgument

Mode = Literal["each", "all"]
Refire = Literal["all", "any"]
Since = Literal["now", "existing"]

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""How triggers and queues may be named: names stand in URLs and on command lines."""
HOLD_MAX_S: Final = 86_400
QUIET_MS_MAX: Final = 3_600_000
RATE_PER_MINUTE_MAX: Final = 1_000_000
DEPTH_MAX: Final = 64

_SPECIAL = re.compile(r"\\(?P<literal>.)|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}|(?P<wildcard>[*?\[]|/\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """How long saves must pause before a firing, and for how long at most that can put it off.

    Attributes:
        quiet_ms: The pause. Zero is "immediate".
        max_wait_ms: Counted from when the set was complete.
    """

    quiet_ms: int
    max_wait_ms: int


IMMEDIATE: Final = Settle(quiet_ms=0, max_wait_ms=0)
QUIET: Final = Settle(quiet_ms=750, max_wait_ms=5_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of `files`.

    Attributes:
        text: As it was given, in the spelling of canonical paths.
        path: The one path that it names, when it names one.
        pattern: What paths must match, when it does not.
        captures: The names in braces; each set of values is a join of its own.
    """

    text: str
    path: FilePath | None
    pattern: Pattern | None
    captures: tuple[str, ...]

    def capture(self, path: str) -> dict[str, str] | None:
        """Return the values that *path* gives the names, or None when it does not match."""
        if self.pattern is None:
            return {} if path == self.path else None
        return self.pattern.capture(path)

    def as_json(self) -> str | dict[str, str]:
        """Return the entry so that it means the same when it is read again, whatever exists then."""
        if self.path is None:
            return self.text
        return {"path": self.path} if _SPECIAL.search(self.path) else self.path

    def resolve(self, values: Mapping[str, str]) -> str:
        """Return the path that an entry without wildcards names for these values."""
        if self.path is not None:
            return self.path
        return _SPECIAL.sub(lambda part: part["literal"] or values[part["name"]], self.text)


@dataclass(frozen=True, slots=True)
class Place:
    """Which join a path is an input of.

    Attributes:
        key: The values of the captures; None when the input is shared by every key.
        path: The slot: the path itself.
    """

    key: Mapping[str, str] | None
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A trigger as its author meant it; exactly one of `queue` and `url` is set."""

    name: str
    entries: tuple[Entry, ...]
    mode: Mode
    refire: Refire
    settle: Settle
    hold_max_seconds: float
    since: Since
    include_own_writes: bool
    max_depth: int
    rate_per_minute: int
    instructions: str | None
    queue: str | None
    url: str | None

    @property
    def captures(self) -> tuple[str, ...]:
        """The names whose values make the key, sorted."""
        return next((entry.captures for entry in self.entries if entry.captures), ())

    def places(self, path: str) -> list[Place]:
        """Return the joins that a change at *path* concerns, without repeats."""
        found: list[Place] = []
        for entry in self.entries:
            values = entry.capture(path)
            if values is None:
                continue
            shared = self.mode == "all" and bool(self.captures) and not entry.captures
            place = Place(None if shared else values, path)
            if place not in found:
                found.append(place)
            if self.mode == "each":
                break
        return found

    def slots(self, key: Mapping[str, str]) -> tuple[str, ...]:
        """Return the paths that the join of *key* waits for (mode `all`)."""
        return tuple(dict.fromkeys(entry.resolve(key) for entry in self.entries))

    def shared_slots(self) -> tuple[str, ...]:
        """Return the paths that every key waits for alike."""
        return tuple(entry.path for entry in self.entries if entry.path is not None) if self.captures else ()

    def as_mapping(self) -> dict[str, Any]:
        """Return the definition as JSON, every default spelled out: equal mappings are equal triggers."""
        immediate = self.settle == IMMEDIATE
        settle = {"quiet_ms": self.settle.quiet_ms, "max_wait_ms": self.settle.max_wait_ms}
        target = {"queue": self.queue} if self.queue is not None else {"url": self.url}
        return {
            "name": self.name,
            "files": [entry.as_json() for entry in self.entries],
            "mode": self.mode,
            "refire": self.refire,
            "settle": "immediate" if immediate else settle,
            "hold_max_seconds": self.hold_max_seconds,
            "since": self.since,
            "include_own_writes": self.include_own_writes,
            "max_depth": self.max_depth,
            "rate_per_minute": self.rate_per_minute,
            "instructions": self.instructions,
            **target,
        }


def key_text(key: Mapping[str, str]) -> str:
    """Return the one spelling of a key: equal keys have equal texts."""
    return json.dumps(dict(sorted(key.items())), ensure_ascii=False, separators=(",", ":")) if key else ""


def parse_definition(given: Mapping[str, Any], *, exists: Callable[[str], bool] = lambda _: False) -> Definition:
    """Check a trigger's fields and return what they mean. A field that is None counts as left out.

    Args:
        given: The fields of the contract, flat.
        exists: Whether a file of that name stands in the workspace: such a string is that path, wildcards or not.

    Raises:
        InvalidArgument: A field is unknown, missing or out of bounds; `argument` names it.
    """
    fields = {name: value for name, value in given.items() if value is not None}
    for name in fields:
        if name not in _FIELDS:
            raise _refused(name[: LIMITS.name_bytes_max], "unknown field", f"A trigger may have: {', '.join(_FIELDS)}.")
    mode: Mode = _choice(fields, "mode", ("each", "all"), "each")
    entries = _entries(fields.get("files"), exists)
    _check_captures(entries)
    if mode == "all":
        _check_joinable(entries)
    queue, url = _target(fields)
    return Definition(
        name=check_name("name", fields.get("name")),
        entries=entries,
        mode=mode,
        refire=_choice(fields, "refire", ("all", "any"), "all"),
        settle=_settle(fields.get("settle"), QUIET if mode == "each" else IMMEDIATE),
        hold_max_seconds=_number(fields, "hold_max_seconds", 900, 0, HOLD_MAX_S),
        since=_choice(fields, "since", ("now", "existing"), "now"),
        include_own_writes=_boolean(fields, "include_own_writes"),
        max_depth=_number(fields, "max_depth", 8, 1, DEPTH_MAX),
        rate_per_minute=_number(fields, "rate_per_minute", 60, 1, RATE_PER_MINUTE_MAX),
        instructions=check_instructions(fields.get("instructions")),
        queue=queue,
        url=url,
    )


def check_name(argument: str, name: object) -> str:
    """Return *name* when triggers and queues may be called so.

    Raises:
        InvalidArgument: They may not.
    """
    if not isinstance(name, str) or not NAME.fullmatch(name):
        reason = "must be 1 to 64 letters, digits, '.', '_' or '-', and begin with a letter or digit"
        raise _refused(argument, reason, "Choose a name such as editor-on-draft.")
    return name


def check_instructions(text: object) -> str | None:
    """Return the instructions of a trigger or a job when they are short enough.

    Raises:
        InvalidArgument: They are not.
    """
    if text is None:
        return None
    if not isinstance(text, str):
        raise _refused("instructions", "must be a string")
    size = len(_encoded("instructions", text))
    if size > LIMITS.instructions_bytes_max:
        reason = f"is {size} bytes long; {LIMITS.instructions_bytes_max} are allowed"
        raise _refused("instructions", reason, "Write the details to a file and name it.")
    return text


def _entries(given: object, exists: Callable[[str], bool]) -> tuple[Entry, ...]:
    if isinstance(given, (str, Mapping)):
        given = [given]
    if not isinstance(given, (list, tuple)) or not given:
        raise _refused("files", "must be a list of paths and patterns", 'For example files=["draft.md"].')
    if len(given) > LIMITS.trigger_files_max:
        reason = f"has {len(given)} entries; {LIMITS.trigger_files_max} are allowed"
        raise _refused("files", reason, 'A pattern such as "research/*.md" covers many files.')
    return tuple(_entry(item, exists) for item in given)


def _entry(item: object, exists: Callable[[str], bool]) -> Entry:
    if isinstance(item, Mapping):
        named = item.get("path")
        if set(item) != {"path"} or not isinstance(named, str):
            raise _refused("files", 'an entry is a string or {"path": "…"}')
        return _path_entry(canonical_file(named))
    if not isinstance(item, str):
        raise _refused("files", 'an entry is a string or {"path": "…"}')
    _encoded("files", item)
    special = list(_SPECIAL.finditer(item))
    if special and exists(item):
        return _path_entry(canonical_file(item))
    if item not in ROOT_SPELLINGS and all(part["literal"] for part in special):
        return _path_entry(canonical_file(_SPECIAL.sub(lambda part: part["literal"], item)))
    text = "**" if item in ROOT_SPELLINGS else _tidied(item)
    pattern = parse_pattern(text, captures=True, argument="files")
    return Entry(text=text, path=None, pattern=pattern, captures=tuple(sorted(pattern.captures)))


def _encoded(argument: str, text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise _refused(argument, "holds a lone surrogate, which UTF-8 cannot carry") from None


def _tidied(text: str) -> str:
    """Return a pattern in the spelling of canonical paths, so that names put in for its captures give such a path."""
    text = unicodedata.normalize("NFC", re.sub("/+", "/", text))
    return re.sub(r"\A(?:\./)+", "", text)


def _path_entry(path: FilePath) -> Entry:
    return Entry(text=path, path=path, pattern=None, captures=())


def _check_captures(entries: tuple[Entry, ...]) -> None:
    different = {entry.captures for entry in entries if entry.captures}
    if len(different) > 1:
        raise _refused(
            "files",
            "all entries with {names} must have the same names",
            "Entries without any are shared: every key waits for them alike.",
        )


def _check_joinable(entries: tuple[Entry, ...]) -> None:
    for entry in entries:
        if entry.path is None and any(part["wildcard"] for part in _SPECIAL.finditer(entry.text)):
            raise _refused(
                "files",
                f"'{entry.text}' cannot mean \"all\": nobody can say how many files it will be",
                'Name each path, or make one join per value with {name}: "research/{topic}/notes.md".',
            )


def _target(fields: Mapping[str, Any]) -> tuple[str | None, str | None]:
    queue, url = fields.get("queue"), fields.get("url")
    if (queue is None) == (url is None):
        raise _refused("queue", "exactly one of queue and url is needed", 'For example queue="editor".')
    if queue is not None:
        return check_name("queue", queue), None
    if not isinstance(url, str) or len(url) > LIMITS.url_chars_max:
        raise _refused("url", f"must be a string of at most {LIMITS.url_chars_max} characters")
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or not url.isascii() or not url.isprintable() or " " in url:
        raise _refused("url", "must be an http or https address", 'For example "https://example.com/hooks/editor".')
    if parts.username is not None or parts.password is not None:
        raise _refused("url", "must not carry a user name or password", "The signature is the proof of origin.")
    return None, url


def _settle(given: object, default: Settle) -> Settle:
    if given is None:
        return default
    if given == "immediate":
        return IMMEDIATE
    if not isinstance(given, Mapping) or not set(given) <= {"quiet_ms", "max_wait_ms"}:
        raise _refused("settle", 'must be "immediate" or {"quiet_ms": 750, "max_wait_ms": 5000}')
    quiet = _number(given, "quiet_ms", QUIET.quiet_ms, 0, QUIET_MS_MAX, within="settle")
    wait = _number(given, "max_wait_ms", max(quiet, QUIET.max_wait_ms), quiet, QUIET_MS_MAX, within="settle")
    return Settle(quiet_ms=quiet, max_wait_ms=wait) if quiet else IMMEDIATE


def _number(
    fields: Mapping[str, Any], name: str, default: int, low: int, high: int, *, within: str | None = None
) -> int:
    value = fields.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise _refused(within or name, f"{name} must be a whole number from {low} to {high}")
    return value


def _boolean(fields: Mapping[str, Any], name: str) -> bool:
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise _refused(name, "must be true or false")
    return value


def _choice(fields: Mapping[str, Any], name: str, choices: tuple[Any, ...], default: Any) -> Any:
    value = fields.get(name, default)
    if value not in choices:
        raise _refused(name, f"must be one of {', '.join(choices)}")
    return value


def _refused(argument: str, reason: str, hint: str | None = None) -> InvalidArgument:
    hint = hint or f"Create the trigger with another {argument}."
    return InvalidArgument(f"{argument}: {reason}.", hint=hint, argument=argument, reason=reason)


_FIELDS: Final = (
    "name",
    "files",
    "mode",
    "refire",
    "settle",
    "hold_max_seconds",
    "since",
    "include_own_writes",
    "max_depth",
    "rate_per_minute",
    "instructions",
    "queue",
    "url",
)
