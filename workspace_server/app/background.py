"""The owner that `stdio` and the command line start when a folder has none."""

import sys
from pathlib import Path

from workspace_server.app.owner import Owned
from workspace_server.app.server import run
from workspace_server.config import load
from workspace_server.errors import LASTING, WorkspaceError

REFUSED, REFUSED_FOR_GOOD = 2, 3
"""The exit codes of an owner that cannot start, now or ever; the last line of its log says why."""


def main() -> int:
    """Own the folder that the argument names, until nobody needs it; return the exit code."""
    root = Path(sys.argv[1])
    try:
        run(root, load(root), kind="background")
    except Owned as refusal:
        print(refusal.message, file=sys.stderr)  # noqa: T201 - stderr is its log file
        return 1
    except WorkspaceError as refusal:  # whoever started it passes its last line on
        print(refusal.message, refusal.hint or "", file=sys.stderr)  # noqa: T201 - as above
        return REFUSED_FOR_GOOD if refusal.facts.get("reason") in LASTING else REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
