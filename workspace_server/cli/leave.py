"""How a command ends: its exit code, and what it says on standard error."""

import json
import os
import sys

from workspace_server.errors import LASTING, WorkspaceError

FAILED = 1
TRY_LATER = 75
INTERRUPTED = 130
EXIT_CODES = {
    "invalid_argument": 2,
    "invalid_path": 2,
    "not_found": 3,
    "gone": 3,
    "is_directory": 4,
    "name_taken": 4,
    "not_text": 4,
    "version_required": 4,
    "conflict": 4,
    "edit_failed": 4,
    "suspicious_write": 4,
    "locked": 5,
    "lock_lost": 5,
    "job_lost": 5,
    "paused": 5,
    "unauthenticated": 6,
    "forbidden": 6,
    "too_large": 7,
    "quota_exceeded": 7,
    "rate_limited": TRY_LATER,
    "unavailable": TRY_LATER,
}
"""By what a script can do next: 2 mend the call, 3 look elsewhere, 4 read again, 5 wait, 6 ask, 7 make it smaller,
75 try later (which `work` understands as well). Anything else is 1, also what no later try changes."""


def exit_code(code: str) -> int:
    """Return the exit code of a refusal."""
    return EXIT_CODES.get(code, FAILED)


def refused(error: WorkspaceError, *, as_json: bool = False) -> int:
    """Say on standard error why a command was refused and return its exit code."""
    if as_json:
        print(json.dumps(error.as_dict(), ensure_ascii=False), file=sys.stderr)
    else:
        print(f"workspace-server: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"  {error.hint}", file=sys.stderr)
    lasts = error.code == "unavailable" and error.facts.get("reason") in LASTING
    return FAILED if lasts else exit_code(error.code)


def quietly() -> int:
    """Return the exit code of a command whose reader went away, and keep Python from complaining about it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED
