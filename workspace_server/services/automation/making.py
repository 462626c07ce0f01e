"""How a trigger is made, removed and put to work, inside a commit of whoever asks for it."""

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from workspace_server.core.access import Caller, Door
from workspace_server.core.limits import LIMITS
from workspace_server.core.patterns import Selector
from workspace_server.core.triggers.definition import Definition
from workspace_server.core.triggers.entries import Entry
from workspace_server.core.triggers.parsing import parse_definition
from workspace_server.core.triggers.reach import require_all_of
from workspace_server.core.triggers.targets import Command, Webhook
from workspace_server.delivery.guard import Policy, origin
from workspace_server.delivery.signing import check_secret, new_secret
from workspace_server.errors import Forbidden, NameTaken, QuotaExceeded
from workspace_server.services.arguments import refused
from workspace_server.services.automation import attention, schedules
from workspace_server.services.automation.checking import Checking
from workspace_server.services.automation.reaction import Reaction
from workspace_server.services.automation.sight import sees, unknown
from workspace_server.services.recording import Commit, Result
from workspace_server.services.selecting import existing, matching
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import files, triggers
from workspace_server.storage.tables.files import FileRow
from workspace_server.storage.tables.triggers import TriggerRow

AGENTS_DOORS: Final[frozenset[Door]] = frozenset({"mcp", "stdio"})
"""Where nobody proves to be a person, whatever the caller may do."""
EXISTING_MAX: Final = 10_000
"""Most files that a new trigger takes for inputs."""


class Making:
    """Makes triggers by the rules of this server. Errors: invalid_argument, name_taken, quota_exceeded, forbidden.

    Args:
        commands: The names of those that the settings have.
    """

    def __init__(self, reaction: Reaction, policy: Policy, checking: Checking, commands: Collection[str]) -> None:
        self._reaction = reaction
        self._policy = policy
        self._checking = checking
        self._commands = commands

    async def make(self, commit: Commit, given: Mapping[str, Any], *, paused: bool = False) -> Result:
        """Make a trigger from its fields, which may name a secret.

        Args:
            paused: Whether it begins with a pause.
        """
        rule = await definition_of(commit.tx, _without_secret(given), commit.caller)
        require_all_of(commit.caller, rule)
        return await self._create(commit, rule, given.get("secret"), paused=paused)

    async def remove(self, commit: Commit, name: str) -> None:
        """Delete a trigger.

        Raises:
            NotFound: There is none of that name.
        """
        row = await _named(commit.tx, name)
        await triggers.delete(commit.tx, row.trigger_id)
        await new_edition(commit.tx)
        await attention.resolve_all_of(commit, name)

    async def activate(self, commit: Commit, name: str) -> None:
        """Let a trigger that waits for approval fire from now on,.

        Raises:
            NotFound: There is none of that name.
        """
        row = await _named(commit.tx, name)
        await triggers.set_state(commit.tx, row.trigger_id, "active")
        await new_edition(commit.tx)
        rule = parse_definition(row.definition)
        await self._take_up(commit, row.trigger_id, rule)
        if row.paused_at is None:
            await schedules.begin(commit.tx, row.trigger_id, rule)

    async def _create(self, commit: Commit, rule: Definition, given_secret: object, *, paused: bool) -> Result:
        tx = commit.tx
        secret = self._secret(rule, given_secret)
        if isinstance(rule.target, Command):
            self._check_command(commit.caller, rule.target.name)
        self._check_checks(rule)
        if rule.schedule is not None:
            schedules.check(rule.schedule)
        there = await triggers.by_name(tx, rule.name)
        if there is not None:
            return _same(commit.caller, there, rule, secret if given_secret is not None else None)
        if await triggers.count(tx) >= LIMITS.triggers_max:
            raise QuotaExceeded(
                f"There are {LIMITS.triggers_max} triggers.",
                hint="delete_trigger those that are done.",
                limit=LIMITS.triggers_max,
                actual=LIMITS.triggers_max + 1,
            )
        state = self._state(commit.caller, rule)
        trigger_id = await triggers.insert(
            tx,
            name=rule.name,
            definition=rule.as_mapping(),
            state=state,
            secret=secret,
            agent=commit.caller.agent,
            by_operator=commit.caller.scope.is_whole("admin"),
        )
        await triggers.set_paused(tx, trigger_id, paused=paused)
        await new_edition(tx)
        rows = await self._take_up(commit, trigger_id, rule)
        if state == "active" and not paused:
            await schedules.begin(tx, trigger_id, rule)
            tx.after_commit(self._reaction.timer_set)
        if state == "needs_approval":
            await self._ask(commit, rule)
        result: Result = {"trigger": rule.name, "state": state, "warnings": _warnings(rule, rows, state)}
        if secret is not None and given_secret is None:
            result["secret"] = secret
        return result

    async def _take_up(self, commit: Commit, trigger_id: int, rule: Definition) -> list[FileRow]:
        """Let a trigger that has just become active look at what is there, and return the inputs that are."""
        manifests = [] if rule.manifest is None else await _standing(commit.tx, rule, [rule.manifest])
        counts = rule.since == "existing"
        rows = await _standing(commit.tx, rule, rule.entries) if counts or rule.mode != "each" else []
        taken_up = rows + manifests if counts else manifests
        for made in await self._reaction.take_up(commit.tx, trigger_id, taken_up):
            await commit.add(made.type, path=made.path, version=made.version, agent="server", **made.data)
        return rows

    async def _ask(self, commit: Commit, rule: Definition) -> None:
        assert isinstance(rule.target, Webhook)
        agent, endpoint = commit.caller.agent, origin(rule.target.url)
        await attention.add(
            commit,
            kind="needs_approval",
            key=rule.name,
            summary=f"{agent} wants the trigger {rule.name} to send webhooks to {endpoint}",
            about={"trigger": rule.name, "created_by": agent, "endpoint": endpoint},
        )

    def _secret(self, rule: Definition, given: object) -> str | None:
        if not isinstance(rule.target, Webhook):
            if given is not None:
                raise refused("secret", "only a webhook has one", "Leave it out.")
            return None
        objection = self._policy.objection(rule.target.url)
        if objection is not None:
            raise refused(
                "url", objection, "Name a public address, or ask the operator to list this one in [webhooks] allow."
            )
        return check_secret(given) if given is not None else new_secret()

    def _state(self, caller: Caller, rule: Definition) -> str:
        """A misled agent must not send files out: where to is the operator's word."""
        target = rule.target
        if not isinstance(target, Webhook) or caller.scope.is_whole("admin") or self._policy.permits(target.url):
            return "active"
        return "needs_approval"

    def _check_checks(self, rule: Definition) -> None:
        unknown = [name for name in rule.checks if name not in self._checking.names]
        if unknown:
            known = ", ".join(self._checking.names) or "none"
            raise refused("checks", f"there is no check {unknown[0]}", f"The operator's config names: {known}.")

    def _check_command(self, caller: Caller, name: str) -> None:
        """Which program starts is the operator's word, and so is what starts it."""
        if not caller.scope.is_whole("admin") or caller.door in AGENTS_DOORS:
            raise Forbidden(
                "Only the operator makes a trigger that starts a command: never an agent, over MCP or HTTP.",
                hint="Use queue=… and let `workspace-server work` run the program; or ask the operator for the trigger"
                " in triggers.toml.",
                verb="admin",
            )
        if name not in self._commands:
            known = ", ".join(sorted(self._commands)) or "none"
            raise refused("command", f"the settings have no [commands.{name}]", f"There are: {known}.")


async def says(tx: Transaction, row: TriggerRow, given: Mapping[str, Any], caller: Caller) -> bool:
    """Return whether a trigger is as its fields say; a secret that they leave out stays as it is."""
    same = await definition_of(tx, _without_secret(given), caller) == parse_definition(row.definition)
    return same and given.get("secret", row.secret) == row.secret


async def definition_of(tx: Transaction, given: Mapping[str, Any], caller: Caller) -> Definition:
    """Return what the fields of a trigger mean beside the files that stand there and that *caller* may know of.

    Raises:
        InvalidArgument: They make no trigger.
    """
    there = await existing(tx, _paths_in(given))
    return parse_definition(given, exists=lambda path: path in there and caller.sees(path))


def _without_secret(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name != "secret"}


def _paths_in(given: Mapping[str, Any]) -> list[str | Mapping[str, Any]]:
    """Return what may be paths among the fields, whatever their form is."""
    listed = [given.get(name, ()) for name in ("files", "not_files", "manifest")]
    return [one for some in listed for one in ([some] if isinstance(some, (str, Mapping)) else _items(some))]


def _items(value: object) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else ()


async def _named(tx: Transaction, name: str) -> TriggerRow:
    row = await triggers.by_name(tx, name)
    if row is None:
        raise unknown(name)
    return row


async def new_edition(tx: Transaction) -> None:
    """Have every commit from now on look at the triggers again: they have changed."""
    # A random name, not a number: a number could come again when a commit fails after it was read.
    await triggers.set_edition(tx, secrets.token_hex(8))


def _same(caller: Caller, there: TriggerRow, rule: Definition, given_secret: str | None) -> Result:
    """Return the trigger that is there when it is the one that is asked for."""
    if not sees(caller, there):  # names are the workspace's: all that is told is that this one is not free
        raise NameTaken(f"The name {there.name} is taken.", hint="Choose another name.", existing=there.name)
    if parse_definition(there.definition) != rule or (given_secret or there.secret) != there.secret:
        raise NameTaken(
            f"There is another trigger {there.name}.",
            hint="Choose another name, or delete_trigger it first.",
            existing=there.name,
        )
    return {"trigger": there.name, "state": there.state, "warnings": []}


async def _standing(tx: Transaction, rule: Definition, entries: Iterable[Entry]) -> list[FileRow]:
    """Return the files that the entries name already."""
    found: dict[str, FileRow] = {}
    for entry in entries:
        if entry.path is not None:
            row = await files.by_path(tx, entry.path)
            found |= {row.path: row} if row is not None and row.live else {}
        else:
            rows = await matching(tx, Selector("directory", _directory(entry)), limit=EXISTING_MAX)
            found |= {row.path: row for row in rows if entry.capture(row.path) is not None}
    return sorted((row for path, row in found.items() if rule.is_watched(path)), key=lambda row: row.seq)


def _directory(entry: Entry) -> str:
    """Return the directory below which all paths of an entry lie, in a selector's spelling."""
    assert entry.pattern is not None
    directory, slash, _ = entry.pattern.literal_prefix.rpartition("/")
    return directory + slash


def _warnings(rule: Definition, present: Sequence[FileRow], state: str) -> list[str]:
    warnings = []
    if state == "needs_approval":
        warnings.append(
            "The operator does not list this address, so the trigger does not fire until a person approves it."
        )
    if isinstance(rule.target, Webhook) and rule.target.agent is None and not rule.include_own_writes:
        warnings.append(
            "What the receiver writes itself fires this trigger again unless it hands the firing's id back as `cause`,"
            " or the trigger names the `agent` as whom it writes."
        )
    if any(entry.text == "**" for entry in rule.entries) and rule.mode != "all":
        warnings.append(
            f"It matches every file of the workspace; {rule.rate_per_minute} firings a minute is the most it makes."
        )
    if len(present) >= EXISTING_MAX:
        warnings.append(f"More than {EXISTING_MAX} files are there already; the rest counts once it is saved again.")
    if rule.mode != "each" and rule.since == "now" and present:
        warnings.append(
            f"{len(present)} of its files are there already and count once they are saved again;"
            ' since="existing" counts them as they are.'
        )
    return warnings
