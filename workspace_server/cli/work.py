"""`work`: a worker without a model of its own. It claims jobs and runs a program for each of them."""

import itertools
import json
import os
import random
import re
import shutil
import signal
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

import click

from workspace_server.cli import leave, show
from workspace_server.cli.api import Address, Answer, Api, path_of
from workspace_server.cli.options import SPAN, connection_options
from workspace_server.core.jobs import RETRY_EXIT, Outcome, outcome_of
from workspace_server.core.retry import ATTEMPTS_MAX, delay_s
from workspace_server.errors import InvalidArgument, JobLost, Paused, Unavailable, WorkspaceError
from workspace_server.services.automation.programs.program import Program

VISIBILITY_S = 120
"""How long a job stays ours when we are not heard of."""
RENEW_S = 20
"""How often it is said that a job is alive, and what its program has printed so far."""
RENEW_TIMEOUT_S = 10.0
WAIT_S = 2
"""How long one call waits for a job: no longer than a worker that shall end may take to notice."""
PAUSED_S = 2.0
"""How long a paused worker rests before it asks for a job again; asking itself waits, too."""
POLL_S = 0.5
PATIENCE_S = 300.0
"""How long a call is repeated while the server is away: a job that was done should be said to be done."""
TAIL_BYTES = 1500
"""How much of a failed program's log goes into the job's note."""
LINES_SHOWN = 20
"""How many of the last lines that a program printed are shown here."""


@click.command("work", context_settings={"ignore_unknown_options": True})
@click.argument("queue")
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- CMD...")
@click.option("--agent", help="The name to work under; by default one that no other worker has.")
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="How many jobs at once.")
@click.option("--timeout", type=SPAN, default="30m", show_default=True, help="Longest time for one job.")
@click.option("--once", is_flag=True, help="End after the first job of each worker.")
@connection_options
def work_command(
    locate: Callable[[], Address],
    *,
    queue: str,
    program: tuple[str, ...],
    agent: str | None,
    jobs: int,
    timeout: int,
    once: bool,
) -> int:
    """Claim jobs of QUEUE and run CMD for each, until ended.

    CMD finds the job as JSON on its standard input, and WORKSPACE_URL, WORKSPACE_AGENT and WORKSPACE_JOB in its
    environment. Its exit code says how it went: 0 done, 75 try again later, else failed; what it printed is kept with
    the job, and can be read while it runs. While CMD runs, the job is kept alive; when this worker dies, CMD is ended
    and the job goes to another one.

    What CMD printed last is shown on standard error after each job. With --once the exit code is 1 when a job failed.

    A first SIGTERM or Ctrl-C lets running jobs end, a second one ends them and puts their jobs back.

    This is how a coding agent or a script becomes the Editor that starts when draft.md is saved:

        workspace-server work editing --agent editor -- claude -p "Edit draft.md as the job on standard input says"
    """
    if shutil.which(program[0]) is None:
        raise _cannot_run(program[0], "there is no such program")
    name = agent or os.environ.get("WORKSPACE_AGENT") or _default_name()
    ending = _Ending()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.next())
    # Workers of one name would share their locks: two jobs at once must be two agents.
    names = [name] if jobs == 1 else [f"{name}-{number}" for number in range(1, jobs + 1)]
    keyless = _without_key(locate)
    workers = [_Worker(keyless, one, queue, program, timeout_s=timeout, once=once, ending=ending) for one in names]
    _say(f"{', '.join(names)}: waiting for jobs of {queue}")
    threads = [threading.Thread(target=worker.run, name=worker.agent) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():  # with a time limit: a signal at the wrong moment would not end an endless wait
            thread.join(POLL_S)
    for worker in workers:
        if worker.failure is not None:
            raise worker.failure
    return leave.FAILED if once and any(worker.has_failed for worker in workers) else 0


class _Ending:
    """How urgently to end: not at all, after the jobs that run, or at once."""

    def __init__(self) -> None:
        self.soon = threading.Event()
        self.now = threading.Event()
        self._asked = itertools.count()

    def next(self) -> None:
        """Make it one step more urgent."""
        # Counted in one step: the handler of a second signal may run in the middle of the first one's.
        if next(self._asked) > 0:
            self.now.set()
        self.soon.set()


class _Worker:
    """Does one job after the other under one name."""

    def __init__(
        self,
        locate: Callable[[], Address],
        agent: str,
        queue: str,
        program: Sequence[str],
        *,
        timeout_s: int,
        once: bool,
        ending: _Ending,
    ) -> None:
        self._api = Api(locate, agent=agent, patience_s=PATIENCE_S)
        self._brief = Api(locate, agent=agent, timeout_s=RENEW_TIMEOUT_S)
        """For what is said again soon: a server that is away does not hold up the watch over the program."""
        self._session = str(uuid.uuid4())
        self._queue = queue
        self._program = list(program)
        self._timeout_s = timeout_s
        self._once = once
        self._ending = ending
        self._held_up = ""
        self.agent = agent
        self.failure: WorkspaceError | None = None
        """Why it could not go on."""
        self.has_failed = False
        """Whether its last job failed."""

    def run(self) -> None:
        """Work until told to stop, or until the server refuses."""
        try:
            while not self._ending.soon.is_set():
                job = self._claim()
                if job is not None:
                    self._do(job)
                    if self._once:
                        return
        except WorkspaceError as error:
            self.failure = error
            self._ending.soon.set()

    def _claim(self) -> Answer | None:
        body = {"wait_seconds": WAIT_S, "visibility_seconds": VISIBILITY_S, "session": self._session}
        try:
            job: Answer | None = self._api.post(f"/queues/{path_of(self._queue)}:claim", body).get("job")
        except Paused as refusal:
            if refusal.message != self._held_up:
                _say(f"{self.agent}: {show.plain(refusal.message)}")
            self._held_up = refusal.message
            self._ending.soon.wait(PAUSED_S)
            return None
        self._held_up = ""
        return job

    def _do(self, job: Answer) -> None:
        _say(f"{self.agent}: job {job['job']} of {self._queue}, attempt {job['attempt']}")
        began = time.monotonic()
        program = self._start(job)
        try:
            code = self._watch(job, program)
            lost = None
        except JobLost as error:
            code, lost = None, error
        finally:
            program.end()
        took_s = time.monotonic() - began
        if lost is None:
            outcome, note = outcome_of(code, log_end=program.printed_last(TAIL_BYTES), timeout_s=self._timeout_s)
            self.has_failed = outcome == "failed"
            try:
                state = self._finish(job, program, outcome, note)
                _say(f"{self.agent}: job {job['job']} {state} after {took_s:.1f} s")
            except JobLost as error:
                lost = error
        if lost is not None:
            _say(f"{self.agent}: job {job['job']}: {lost.message}")
        for line in program.printed_last(TAIL_BYTES).splitlines()[-LINES_SHOWN:]:
            _say(f"    {show.plain(line)}")

    def _start(self, job: Answer) -> Program:
        environment = {
            **os.environ,
            "WORKSPACE_URL": self._api.url,
            "WORKSPACE_AGENT": self.agent,
            "WORKSPACE_JOB": str(job["job"]),
        }
        told = json.dumps(job, ensure_ascii=False).encode()
        try:
            return Program.start(self._program, env=environment, told=told)
        except OSError as error:
            said = {"outcome": "retry", "note": "the worker cannot run it"}
            self._api.post(f"/jobs/{path_of(job['job'])}:finish", said)
            raise _cannot_run(self._program[0], error.strerror or "the system refused") from None

    def _watch(self, job: Answer, program: Program) -> int | None:
        """Return the exit code of a program; None once its time is over, RETRY_EXIT when all is to end at once.

        Raises:
            JobLost: It is somebody else's job by now.
        """
        deadline = time.monotonic() + self._timeout_s
        renewal = time.monotonic() + RENEW_S
        while True:
            code = program.wait(POLL_S)
            if code is not None:
                return code
            now = time.monotonic()
            if now >= renewal:
                renewal = now + RENEW_S
                with suppress(Unavailable):  # while no server runs, nobody takes our jobs away either
                    self._log(self._brief, job, program)
            if self._ending.now.is_set():
                return RETRY_EXIT
            if now >= deadline:
                return None

    def _finish(self, job: Answer, program: Program, outcome: Outcome, note: str | None) -> str:
        """Say how it went, unless the program has said so by itself; return what the job's state is by that."""
        state = str(self._log(self._api, job, program)["state"])
        if state != "claimed":
            return f"was {state} by its program's own word"
        chance = random.random()  # noqa: S311 - spreads load, guards nothing
        wait_s = delay_s(min(job["attempt"], ATTEMPTS_MAX - 1), chance=chance) if outcome == "retry" else None
        said = {"outcome": outcome, "note": note, "delay_seconds": wait_s}
        self._api.post(f"/jobs/{path_of(job['job'])}:finish", said)
        return outcome

    def _log(self, api: Api, job: Answer, program: Program) -> Answer:
        text, size_bytes = program.printed()
        said = {"attempt": job["attempt"], "text": text, "size_bytes": size_bytes}
        return api.post(f"/jobs/{path_of(job['job'])}:log", said)


def _without_key(locate: Callable[[], Address]) -> Callable[[], Address]:
    """Return what finds the server as *locate* does, without the owner's key: a worker is an agent, and no admin."""
    return lambda: replace(locate(), key=None)


def _cannot_run(program: str, reason: str) -> InvalidArgument:
    return InvalidArgument(
        f"Cannot run {program}: {reason}.",
        hint="Give a program that can be run after `--`.",
        argument="CMD",
        reason=reason,
    )


def _default_name() -> str:
    # Two workers of one name would share their locks and keep each other's jobs alive.
    return f"worker-{re.sub(r'[^A-Za-z0-9._-]', '-', socket.gethostname())[:40]}-{os.getpid()}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
