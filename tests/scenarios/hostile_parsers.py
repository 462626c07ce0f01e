"""A server whose parsers do what a file tells them: `python -m tests.scenarios.hostile_parsers serve …` starts one."""

import functools

from indexer.processes.in_processes import InProcesses
from tests.indexer.processes.test_in_processes import HOSTILE
from workspace_server.app import server
from workspace_server.cli.main import main

DOCUMENT_S = 2.0
"""Seconds after which a parser that hangs is ended: thirty times fewer than otherwise."""

if __name__ == "__main__":
    server.InProcesses = functools.partial(InProcesses, HOSTILE, text_s=DOCUMENT_S, document_s=DOCUMENT_S)  # type: ignore[attr-defined, assignment]  # the name as that module imported it
    main()
