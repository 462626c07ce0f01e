"""Results of operations on agents."""

from typing import Literal

from workspace_server.interfaces.http.results.base import Changed, Result


class CurrentPause(Result):
    """Who holds changes up since when, and why."""

    by: str
    at: str
    note: str | None


class LastCall(Result):
    """The last call of an agent, and what it was about."""

    tool: str
    about: str | None
    at: str


class LastEvent(Result):
    """The last event that an agent made."""

    seq: int
    type: str
    at: str
    path: str = ""
    version: int | None = None


class OpenCall(Result):
    """A call that is not answered yet."""

    tool: str
    about: str | None
    seconds: int


class AgentsLock(Result):
    """A lock that an agent holds; of many paths the first ones."""

    name: str
    paths: list[str]
    more_paths: int
    mode: Literal["exclusive", "shared", "intent"]
    purpose: str | None
    expires_in_seconds: int


class AgentsJob(Result):
    """A job that an agent has claimed."""

    job: str
    queue: str


class WrittenToday(Result):
    """What an agent has written in the last 24 hours; `files` counts up to 1001."""

    files: int
    versions: int
    bytes: int


class WrittenWork(Result):
    """What an agent has written in all."""

    files: int
    versions: int
    bytes: int
    day: WrittenToday


class StoredWork(Result):
    """What stands there of an agent, or of its crew, and what may; null for no bound."""

    files: int
    bytes: int
    files_max: int | None
    bytes_max: int | None


class Served(Result):
    """How many calls of an agent were answered, and with how many tokens of four bytes."""

    calls: int
    tokens: int


class Agent(Result):
    """Who works here; `first_seen` is null for a name that only a person has used yet.

    Of others than itself, whoever may not read all files is told what it sees of their doings: there `written`,
    `stored` and `served` are null.
    """

    agent: str
    verified: bool
    door: str | None
    client: str | None
    first_seen: str | None
    last_seen: str | None
    paused: CurrentPause | None
    last_call: LastCall | None
    last_event: LastEvent | None
    waiting: list[OpenCall]
    locks: list[AgentsLock]
    jobs: list[AgentsJob]
    written: WrittenWork | None
    stored: StoredWork | None
    served: Served | None
    notes_open: int


class AgentList(Result):
    """Agents, those first that were seen last; `paused` is the pause of the whole workspace."""

    agents: list[Agent]
    paused: CurrentPause | None
    next_cursor: str = ""


class ServedByTool(Result):
    """What one tool, or operation, has served an agent."""

    tool: str
    calls: int
    tokens: int


class AgentsNote(Result):
    """What an agent was told: when that was shown, and when and in which words it was acknowledged."""

    note: str
    by: str
    at: str
    text: str
    acknowledge: bool
    shown_at: str | None
    acknowledged_at: str | None
    words: str | None


class WrittenFile(Result):
    """A file that an agent has written, how often, and when last."""

    path: str
    versions: int
    at: str


class WholeAgent(Agent):
    """All about one agent: also its notes, newest first, and the files that it has written last."""

    tools: list[ServedByTool]
    notes: list[AgentsNote]
    files: list[WrittenFile]


class PausedAgent(Changed):
    """Whether an agent is paused now."""

    agent: str
    paused: bool


class PausedWorkspace(Changed):
    """Whether the whole workspace is paused now."""

    paused: bool


class LeftNote(Changed):
    """The name of a note, by which it is acknowledged."""

    note: str
    agent: str
