"""Runs the programs that triggers start: each firing of a command is a job that the server does itself.

So everything that holds for jobs holds here: what is to be run stands in the database, an attempt that the server's end
cut off is made again, attempts are bounded, the log is kept, and what failed is on the list of what needs a person.
"""

import json
import logging
import os
import random
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import anyio

from workspace_server.core.access import SERVER, Caller
from workspace_server.core.commands import QUEUE_PREFIX, Command
from workspace_server.core.jobs import Outcome, outcome_of
from workspace_server.core.retry import delay_s
from workspace_server.errors import JobLost, Paused
from workspace_server.services.automation import attention
from workspace_server.services.automation.claiming import Claiming
from workspace_server.services.automation.jobs import Jobs
from workspace_server.services.automation.programs.program import Program
from workspace_server.services.folder import Folder
from workspace_server.services.recording import Commit, Result
from workspace_server.storage.database import Transaction
from workspace_server.storage.tables import jobs, triggers

log = logging.getLogger(__name__)

WAIT_S: Final = 3_600.0
LOG_EVERY_S: Final = 5.0
"""How often it is written down what a program has printed so far."""
GRACE_S: Final = 5.0
"""How long a program may take to end when the server ends: less than whoever waits for that has patience."""
TAIL_BYTES: Final = 1_500
"""How much of a failed program's log becomes the job's note."""
AFTER_FAILURE_S: Final = 5.0
SETTINGS_PREFIX: Final = "WORKSPACE_SERVER_"
"""Begins the names of variables that are the server's own; some of them are secrets."""


class Commands:
    """Does the jobs of commands."""

    def __init__(self, folder: Folder, finishing: Jobs, claiming: Claiming, commands: Mapping[str, Command]) -> None:
        self._folder = folder
        self._jobs = finishing
        self._claiming = claiming
        self._commands = commands
        self._threads = anyio.CapacityLimiter(max(1, sum(one.concurrency for one in commands.values())))

    async def begin(self) -> None:
        """Take up what the last server left: what it was running is run again."""

        async def body(commit: Commit) -> Result:
            for row in await jobs.claimed_of(commit.tx, QUEUE_PREFIX):
                await self._jobs.end_attempt(commit, row, "retry", "The server was killed while it ran.")
            await self._miss_commands(commit)
            return {}

        await self._folder.recorder.change(SERVER, "begin_commands", body)

    async def run(self) -> None:
        """Run what comes until cancelled; what runs then is ended, and run again by the next server."""
        async with anyio.create_task_group() as tasks:
            for command in self._commands.values():
                for agent in command.agents:
                    tasks.start_soon(self._serve, command, Caller(agent=agent))
            await anyio.sleep_forever()

    async def due(self) -> int:
        """Return how many runs there are or will be without anybody having a say in it."""
        queues = [command.queue for command in self._commands.values()]
        return await self._folder.db.read(lambda tx: jobs.to_be_done(tx, queues))

    async def _serve(self, command: Command, caller: Caller) -> None:
        """Do one job after the other."""
        while True:
            try:
                taken = await self._claiming.take(caller, command.queue, wait_s=WAIT_S, visibility_s=None)
                if "job" in taken:
                    await self._do(command, caller, taken["job"])
            except Paused:
                await anyio.sleep(AFTER_FAILURE_S)
            except Exception:
                log.exception("the command %s could not be run", command.name)
                await anyio.sleep(AFTER_FAILURE_S)

    async def _do(self, command: Command, caller: Caller, job: Result) -> None:
        told = await self._folder.db.read(lambda tx: self._told(tx, job))
        try:
            program = await anyio.to_thread.run_sync(
                lambda: Program.start(
                    command.argv,
                    env=self._environment(command, caller.agent, job),
                    told=json.dumps(told, ensure_ascii=False).encode(),
                    cwd=self._folder.root / command.cwd,
                    grace_s=GRACE_S,
                )
            )
        except OSError as error:
            await self._end(job, "failed", f"{command.argv[0]} cannot be run: {error.strerror}")
            return
        try:
            code = await self._watch(command, caller, job, program)
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await self._stop(caller, job, program)
            raise
        said = program.printed_last(TAIL_BYTES)
        outcome, note = outcome_of(code, log_end=said, timeout_s=command.timeout_seconds)
        await self._end(job, outcome, note)

    async def _watch(self, command: Command, caller: Caller, job: Result, program: Program) -> int | None:
        """Return the exit code of a program, or None when its time was over and it was ended."""
        deadline = time.monotonic() + command.timeout_seconds
        code = None
        while code is None and (left_s := deadline - time.monotonic()) > 0:
            code = await anyio.to_thread.run_sync(
                program.wait, min(left_s, LOG_EVERY_S), limiter=self._threads, abandon_on_cancel=True
            )
            if code is None:
                await self._keep_log(caller, job, program)
        if code is None:
            await anyio.to_thread.run_sync(program.end, limiter=self._threads)
        await self._keep_log(caller, job, program)
        return code

    async def _keep_log(self, caller: Caller, job: Result, program: Program) -> None:
        text, size_bytes = program.printed()
        with suppress(JobLost):  # the program has put the job back by itself
            await self._jobs.write_log(caller, job=job["job"], attempt=job["attempt"], text=text, size_bytes=size_bytes)

    async def _stop(self, caller: Caller, job: Result, program: Program) -> None:
        """End a program because the server ends: this attempt counts as none."""
        await anyio.to_thread.run_sync(program.end)
        await self._keep_log(caller, job, program)

        async def body(commit: Commit) -> Result:
            row = await jobs.of_attempt(commit.tx, job["job"], job["attempt"])
            if row is not None:
                await jobs.put_back(commit.tx, row.job_id, failures=row.failures, note="The server was stopped.")
            return {}

        await self._folder.recorder.change(SERVER, "stop_command", body)

    async def _end(self, job: Result, outcome: Outcome, note: str | None) -> None:
        """Record how an attempt ended; a job that the program has finished by itself stays as it is."""

        async def body(commit: Commit) -> Result:
            row = await jobs.of_attempt(commit.tx, job["job"], job["attempt"])
            if row is not None:
                chance = random.random()  # noqa: S311 - spreads load, guards nothing
                wait_s = (delay_s(row.failures + 1, chance=chance) or 0.0) if outcome == "retry" else 0.0
                await self._jobs.end_attempt(commit, row, outcome, note, delay_s=wait_s)
                await self._jobs.release(commit, row)
            return {}

        await self._folder.recorder.change(SERVER, "end_command", body)

    async def _told(self, tx: Transaction, job: Result) -> dict[str, Any]:
        """Return what the program finds on its standard input: the firing, and which attempt this is."""
        number = triggers.firing_number(job["cause"])
        firing = None if number is None else await triggers.firing(tx, number)
        assert firing is not None, "a job of a command comes from a firing, and firings stay"
        inputs = [{**one, "url": self._folder.url(one["path"])} for one in firing.data["inputs"]]
        more: Result = {name: job[name] for name in ("job", "attempt", "reply") if name in job}
        return {**firing.data, "inputs": inputs, **more}

    def _environment(self, command: Command, agent: str, job: Result) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS_PREFIX)}
        ours = {"WORKSPACE_URL": self._folder.local_url, "WORKSPACE_AGENT": agent, "WORKSPACE_JOB": job["job"]}
        return {**kept, **command.env, **ours}

    async def _miss_commands(self, commit: Commit) -> None:
        """Tell a person of jobs whose command the settings do not have, and no more of those whose command is back."""
        for name in self._commands:
            await attention.resolve(commit, "failed_command", name)
        for queue in await jobs.queues_to_be_done(commit.tx, QUEUE_PREFIX):
            name = queue.removeprefix(QUEUE_PREFIX)
            if name not in self._commands:
                said = f"Runs of the command {name} wait, and the settings have no [commands.{name}]"
                await attention.add(commit, kind="failed_command", key=name, summary=said, about={"command": name})
