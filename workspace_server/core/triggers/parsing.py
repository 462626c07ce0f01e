"""How a trigger's fields become its definition: each is read once, in one place, and refused by its name."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from workspace_server.core.events import EVENT_TYPES, EventType
from workspace_server.core.limits import LIMITS
from workspace_server.core.triggers import sense
from workspace_server.core.triggers.definition import (
    CONTENT,
    IMMEDIATE,
    QUIET,
    Deadline,
    Definition,
    Mode,
    OnTimeout,
    Refire,
    Settle,
    Since,
)
from workspace_server.core.triggers.entries import Entry, Exists, parse_entries, parse_entry
from workspace_server.core.triggers.fields import (
    Fields,
    boolean,
    check_instructions,
    check_name,
    choice,
    number,
    number_if_given,
    refused,
    words,
)
from workspace_server.core.triggers.filters import parse_filters
from workspace_server.core.triggers.schedule import parse_schedule
from workspace_server.core.triggers.targets import parse_target

HOLD_MAX_S: Final = 86_400
QUIET_MS_MAX: Final = 3_600_000
RATE_PER_MINUTE_MAX: Final = 1_000_000
DEPTH_MAX: Final = 64
WITHIN_MAX_S: Final = 90 * 86_400
CHECKS_MAX: Final = 20
"""Most checks of one trigger."""
CONCURRENCY_MAX: Final = 1_000

_NEVER: Final = frozenset(
    {
        "files.committed",
        "trigger.fired",
        "trigger.suppressed",
        "trigger.paused",
        "delivery.failed",
        "endpoint.disabled",
        "attention.added",
        "attention.resolved",
        "link.created",
        "link.revoked",
        "log.restored",
    }
)
"""Events that no trigger waits for: they have no path, or tell of triggers at work and would only make loops."""
STARTING: Final = tuple(kind for kind in EVENT_TYPES if kind not in _NEVER)
"""The events that a trigger may wait for."""

FIELDS: Final = (
    "name",
    "on",
    "files",
    "not_files",
    "mode",
    "refire",
    "count",
    "distinct_agents",
    "manifest",
    "agents",
    "not_agents",
    "media_types",
    "min_bytes",
    "max_bytes",
    "settle",
    "hold_max_seconds",
    "indexed",
    "checks",
    "within_seconds",
    "on_timeout",
    "schedule",
    "timezone",
    "missed",
    "since",
    "concurrency",
    "rate_per_minute",
    "max_depth",
    "include_own_writes",
    "include",
    "profile",
    "instructions",
    "agent",
    "visibility_seconds",
    "queue",
    "url",
    "command",
    "approval",
)


def parse_definition(given: Mapping[str, Any], *, exists: Exists = lambda _: False) -> Definition:
    """Check a trigger's fields and return what they mean. A field that is None counts as left out.

    Args:
        given: The fields of the contract, flat.
        exists: Whether a file of that name stands in the workspace: such a string is that path, wildcards or not.

    Raises:
        InvalidArgument: A field is unknown, missing or out of bounds, or the trigger could never fire; `argument`
            names it.
    """
    fields = {name: value for name, value in given.items() if value is not None}
    for name in fields:
        if name not in FIELDS:
            raise refused(name[: LIMITS.name_bytes_max], "unknown field", f"A trigger may have: {', '.join(FIELDS)}.")
    rule = _definition(fields, exists)
    sense.check(rule)
    return rule


def _definition(fields: Fields, exists: Exists) -> Definition:
    mode: Mode = choice(fields, "mode", get_args(Mode), "each")
    refire: Refire = choice(fields, "refire", get_args(Refire), "all")
    since: Since = choice(fields, "since", get_args(Since), "now")
    checks = words(fields, "checks", most=CHECKS_MAX)
    return Definition(
        name=check_name("name", fields.get("name")),
        on=_on(fields),
        entries=_entries(fields, exists),
        excluded=parse_entries("not_files", fields["not_files"], exists) if "not_files" in fields else (),
        manifest=parse_entry("manifest", fields["manifest"], exists) if "manifest" in fields else None,
        mode=mode,
        refire=refire,
        count=number_if_given(fields, "count", 1, LIMITS.trigger_inputs_max),
        distinct_agents=_distinct_agents(fields),
        filters=parse_filters(fields),
        settle=_settle(fields.get("settle"), QUIET if mode == "each" else IMMEDIATE),
        hold_max_seconds=number(fields, "hold_max_seconds", 900, 0, HOLD_MAX_S),
        indexed=boolean(fields, "indexed"),
        checks=tuple(check_name("checks", name) for name in checks),
        deadline=_deadline(fields),
        schedule=parse_schedule(fields),
        since=since,
        concurrency=number(fields, "concurrency", 1, 1, CONCURRENCY_MAX),
        rate_per_minute=number(fields, "rate_per_minute", 60, 1, RATE_PER_MINUTE_MAX),
        max_depth=number(fields, "max_depth", 8, 1, DEPTH_MAX),
        include_own_writes=boolean(fields, "include_own_writes"),
        instructions=check_instructions(fields.get("instructions")),
        target=parse_target(fields),
    )


def _on(fields: Fields) -> tuple[EventType, ...]:
    kinds = words(fields, "on", most=len(STARTING)) or CONTENT
    for kind in kinds:
        if kind not in STARTING:
            raise refused(
                "on", f"'{kind[:100]}' is no event that a trigger waits for", f"One of {', '.join(STARTING)}."
            )
    return kinds  # type: ignore[return-value]  # looked at above


def _entries(fields: Fields, exists: Exists) -> tuple[Entry, ...]:
    """Return the files; a trigger that has a schedule or a manifest may have none."""
    if fields.get("files", []) == [] and ("schedule" in fields or "manifest" in fields):
        return ()
    return parse_entries("files", fields.get("files"), exists)


def _distinct_agents(fields: Fields) -> int | None:
    """Return from how many agents the inputs must be; `true` is as many as `count` says."""
    if fields.get("distinct_agents") is True and "count" in fields:
        return number(fields, "count", 1, 1, LIMITS.trigger_inputs_max)
    return number_if_given(fields, "distinct_agents", 1, LIMITS.trigger_inputs_max)


def _deadline(fields: Fields) -> Deadline | None:
    within = number_if_given(fields, "within_seconds", 1, WITHIN_MAX_S)
    on_timeout: OnTimeout = choice(fields, "on_timeout", get_args(OnTimeout), "wait")
    if within is not None:
        return Deadline(within_seconds=within, on_timeout=on_timeout)
    if on_timeout != "wait":
        raise refused("on_timeout", "goes with within_seconds, which says when", "For example within_seconds=3600.")
    return None


def _settle(given: object, default: Settle) -> Settle:
    if given is None:
        return default
    if given == "immediate":
        return IMMEDIATE
    if not isinstance(given, Mapping) or not set(given) <= {"quiet_ms", "max_wait_ms"}:
        raise refused("settle", 'must be "immediate" or {"quiet_ms": 750, "max_wait_ms": 5000}')
    quiet = number(given, "quiet_ms", QUIET.quiet_ms, 0, QUIET_MS_MAX, within="settle")
    wait = number(given, "max_wait_ms", max(quiet, QUIET.max_wait_ms), quiet, QUIET_MS_MAX, within="settle")
    return Settle(quiet_ms=quiet, max_wait_ms=wait) if quiet else IMMEDIATE
