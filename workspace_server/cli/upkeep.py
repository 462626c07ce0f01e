"""`gc`: clear what nothing needs any more, in the running server."""

import sys
import time

import click

from workspace_server.cli import leave, show
from workspace_server.cli.api import Answer, Api
from workspace_server.cli.options import api_options, as_json_option

POLL_S = 0.2


@click.command("gc")
@api_options
@as_json_option
def gc_command(api: Api, as_json: bool) -> int:
    """Clear what is beyond retention, content that nothing names, and what broken uploads left.

    By default every version is kept; see the settings below [retention].
    """
    api.post("/gc")
    return finished(api, as_json)


def finished(api: Api, as_json: bool) -> int:
    """Show how far the upkeep is until it is done, then what it did; return the exit code."""
    shown = not as_json and sys.stderr.isatty()
    while (state := api.get("/upkeep"))["running"] is not None:
        if shown:
            _show(state["running"])
        time.sleep(POLL_S)
    if shown:
        print(file=sys.stderr)
    done = state["last"]
    if as_json:
        show.as_json(done)
    else:
        show.pairs(done)
    return leave.FAILED if "failed" in done else 0


def _show(work: Answer) -> None:
    of = f" of {work['total']}" if work["total"] else ""
    print(f"\r\x1b[K{work['task']}: {work['step']} {work['done']}{of}", end="", file=sys.stderr, flush=True)
