"""The owner that `stdio` and the command line start when a folder has none."""

import sys
from pathlib import Path

from workspace_server.app.owner import Owned
from workspace_server.app.server import run
from workspace_server.config import load
from workspace_server.errors import WorkspaceError

REFUSED = 2
"""The exit code of an owner that no later start helps; the last line of its log says why."""


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
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
