"""Commands: programs that the operator's settings name and that triggers may start.

What runs, where, and with what around it is the operator's word alone. A trigger only names a command, and whoever
saves a file only decides that it runs: nothing of a file ever becomes part of a command line.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from workspace_server.core.access import RESERVED_AGENTS
from workspace_server.core.limits import LIMITS
from workspace_server.core.triggers.fields import NAME
from workspace_server.errors import InvalidArgument

QUEUE_PREFIX: Final = "command:"
"""Begins the names of the queues of commands; no agent can claim from a queue with such a name."""
TIMEOUT_S: Final = 1_800
EXAMPLE: Final = 'For example argv = ["python3", "edit.py"].'


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One entry `[commands.NAME]` of the settings.

    Attributes:
        argv: The program and its arguments.
        agent: The name that it acts under; with a concurrency above 1 a number follows, as in `editor-2`.
        cwd: Where it runs: a directory relative to the workspace's folder, or an absolute one.
        env: What its environment has beside the server's own.
        timeout_seconds: How long one run may take.
        concurrency: How many runs there are at once.
    """

    name: str
    argv: tuple[str, ...]
    agent: str
    cwd: str = "."
    env: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: int = TIMEOUT_S
    concurrency: int = 1

    @property
    def queue(self) -> str:
        """Where its firings wait."""
        return QUEUE_PREFIX + self.name

    @property
    def agents(self) -> tuple[str, ...]:
        """The names of those that run at once: two at once must be two agents, or they would share their locks."""
        if self.concurrency == 1:
            return (self.agent,)
        return tuple(f"{self.agent}-{number}" for number in range(1, self.concurrency + 1))


FIELDS: Final = tuple(one.name for one in fields(Command) if one.name != "name")
"""What an entry may say."""


def command_of(queue: str) -> str | None:
    """Return the command whose queue that is, or None when agents claim from it."""
    return queue.removeprefix(QUEUE_PREFIX) if queue.startswith(QUEUE_PREFIX) else None


def parse_commands(tables: Mapping[str, Mapping[str, object]]) -> dict[str, Command]:
    """Return the commands of the settings by their names.

    Raises:
        InvalidArgument: An entry is no command; `argument` names the key.
    """
    if len(tables) > LIMITS.commands_max:
        raise _refused("commands", f"has {len(tables)} entries; {LIMITS.commands_max} are allowed")
    return {name: _parse(name, table) for name, table in tables.items()}


def _parse(name: str, table: Mapping[str, Any]) -> Command:
    key = f"commands.{name}"
    _require(bool(NAME.fullmatch(name)), key, "a name is 1 to 64 letters, digits, '.', '_' or '-'")
    for unknown in table.keys() - set(FIELDS):
        raise _refused(f"{key}.{unknown}", "there is no such field", f"There are: {', '.join(FIELDS)}.")
    argv, env = table.get("argv"), table.get("env", {})
    cwd, agent = table.get("cwd", "."), table.get("agent", name)
    _require(_are_texts(argv) and bool(argv), f"{key}.argv", "must be a list of text, the program first", EXAMPLE)
    _require(isinstance(env, Mapping) and _are_texts([*env, *env.values()]), f"{key}.env", "must be a table of text")
    _require(all(word and "=" not in word for word in env), f"{key}.env", "holds a name that no variable can have")
    _require(_are_texts([cwd]), f"{key}.cwd", "must be a directory")
    _require(_is_agent(agent), f"{key}.agent", "must be an agent's name that is not the server's own")
    return Command(
        name=name,
        argv=tuple(table["argv"]),
        agent=agent,
        cwd=cwd,
        env=dict(env),
        timeout_seconds=_whole(table, key, "timeout_seconds", TIMEOUT_S, LIMITS.command_timeout_s_max),
        concurrency=_whole(table, key, "concurrency", 1, LIMITS.command_concurrency_max),
    )


def _are_texts(given: object) -> bool:
    return isinstance(given, list | tuple) and all(isinstance(text, str) and "\x00" not in text for text in given)


def _is_agent(given: object) -> bool:
    if not isinstance(given, str) or given.lower() in RESERVED_AGENTS:
        return False
    return bool(NAME.fullmatch(given)) and len(given) <= LIMITS.agent_chars_max - len("-99")


def _whole(table: Mapping[str, Any], key: str, name: str, default: int, most: int) -> int:
    value = table.get(name, default)
    fits = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most
    _require(fits, f"{key}.{name}", f"must be a whole number from 1 to {most}")
    return int(value)


def _require(fits: bool, argument: str, reason: str, hint: str | None = None) -> None:
    if not fits:
        raise _refused(argument, reason, hint)


def _refused(argument: str, reason: str, hint: str | None = None) -> InvalidArgument:
    hint = hint or "Mend it in the settings file; the page on commands says what an entry may hold."
    return InvalidArgument(f"The setting {argument}: {reason}.", hint=hint, argument=argument, reason=reason)
