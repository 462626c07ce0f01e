"""Servers whose parsers do what a file tells them: `python -m tests.scenarios.hostile_parsers serve …` starts one.

With `itself` before `serve` it is the negative control: it reads files in threads of its own instead of in children.
"""

import functools
import sys
from typing import Any

from indexer.extracting import InThread
from indexer.processes.in_processes import InProcesses
from tests.indexer.processes.hostile import REGISTRY
from tests.indexer.processes.test_in_processes import HOSTILE
from workspace_server.app import server
from workspace_server.cli.main import main

DOCUMENT_S = 1.0
"""Seconds after which a parser that hangs is ended: sixty times fewer than otherwise."""


class Itself(InThread):
    """Reads every file in the server's own process."""

    def __init__(self, **_: Any) -> None:
        super().__init__(REGISTRY)

    async def aclose(self) -> None:
        """Leave nothing behind, for there is nothing."""


if __name__ == "__main__":
    child: Any = functools.partial(InProcesses, HOSTILE, document_s=DOCUMENT_S)
    if sys.argv[1] == "itself":
        del sys.argv[1]
        child = Itself
    server.InProcesses = child  # type: ignore[attr-defined]  # the name as that module imported it
    main()
