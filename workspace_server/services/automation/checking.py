"""Checks at work: whether a version that was just written counts, before its writer has the answer."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from jsonschema.exceptions import SchemaError
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

from workspace_server.core.checks import Check, parse_check, text_failures
from workspace_server.core.limits import LIMITS
from workspace_server.errors import InvalidArgument
from workspace_server.storage import content as contents
from workspace_server.storage import soundness
from workspace_server.storage.content import ObjectStore
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables.events import Event

MESSAGE_CHARS_MAX: Final = 300
FAILURES_MAX: Final = 20
"""Most failures of one version that are told."""


class Checking:
    """The operator's checks, ready to be applied.

    Args:
        tables: `[checks.NAME]` of the settings.

    Raises:
        InvalidArgument: One is malformed; `argument` names it.
    """

    def __init__(self, store: ObjectStore, tables: Mapping[str, Any]) -> None:
        self.store = store
        self._checks: dict[str, tuple[Check, Validator | None]] = {}
        for name, table in tables.items():
            try:
                check = parse_check(name, table)
                self._checks[name] = check, _validator(check)
            except (ValueError, SchemaError) as error:
                reason = str(getattr(error, "message", error))[:MESSAGE_CHARS_MAX]
                raise InvalidArgument(
                    f"checks.{name}: {reason}.",
                    hint='For example [checks.report] with headings = ["Summary"] and no_todo = true.',
                    argument=f"checks.{name}",
                    reason=reason,
                ) from None

    @property
    def names(self) -> Sequence[str]:
        """How the checks are called."""
        return sorted(self._checks)

    async def failures(self, tx: Transaction, names: Sequence[str], event: Event) -> tuple[str, ...]:
        """Return what the version that *event* brought fails, each as `check: what`; nothing when it passes them all.

        A check that the config does not name any more is failed: nobody can say what it would have said.
        """
        unknown = [name for name in names if name not in self._checks]
        if unknown:
            return tuple(f"{name}: is no check of this server any more" for name in unknown)
        if event.data["size_bytes"] > LIMITS.check_bytes_max:
            return (f"{names[0]}: is {event.data['size_bytes']} bytes long; {LIMITS.check_bytes_max} are checked",)
        _, form, data = await contents.stored(tx, event.data["sha256"])  # of a head, whose bytes are always kept
        raw = soundness.whole(form, data, self.store.path(event.data["sha256"]))
        text, sources = raw.decode("utf-8", errors="replace"), len(event.data.get("sources") or ())
        found = []
        for name in names:
            check, validator = self._checks[name]
            said = text_failures(check, text, sources=sources) + ([] if validator is None else _misfits(validator, raw))
            found += [f"{name}: {one}"[:MESSAGE_CHARS_MAX] for one in said]
        return tuple(found[:FAILURES_MAX])


def _validator(check: Check) -> Validator | None:
    if check.schema is None:
        return None
    kind = validator_for(check.schema)
    kind.check_schema(check.schema)
    return kind(check.schema, registry=Registry())  # an empty registry: no schema is ever fetched


def _misfits(validator: Validator, raw: bytes) -> list[str]:
    """Return where content does not fit a schema."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        return [f"is not JSON: {error}"]
    try:
        errors = validator.iter_errors(document)
        return [f"{error.json_path} {error.message}" for error, _ in zip(errors, range(FAILURES_MAX), strict=False)]
    except (Unresolvable, RecursionError) as error:
        return [f"cannot be held against its schema: {error}"]
