"""`runs`: what led to what, from the first change on, and which step went wrong."""

import click

from workspace_server.cli import show
from workspace_server.cli.api import Answer, Api, path_of
from workspace_server.cli.options import api_options, as_json_option
from workspace_server.core.limits import LIMITS

INPUTS_SHOWN = 2
"""How many of a run's inputs stand in a line of the list."""


@click.command("runs")
@click.argument("run", metavar="[ID]", required=False)
@click.option("--trigger", help="Instead of the firings that runs began with, all firings of this trigger.")
@click.option("--limit", type=click.IntRange(1, LIMITS.runs_page_max), default=30, show_default=True, help="Most runs.")
@api_options
@as_json_option
def runs_command(api: Api, *, as_json: bool, run: str | None, trigger: str | None, limit: int) -> None:
    """Show the runs, newest first, or step by step what led to a firing (F12) or followed from a change (345)."""
    answer = api.get("/runs", trigger=trigger, limit=limit) if run is None else api.get(f"/runs/{path_of(run)}")
    if as_json:
        show.as_json(answer)
    elif run is None:
        _list(answer)
    else:
        _one(answer)


def _list(answer: Answer) -> None:
    show.table(
        (
            (
                one["run"],
                one["trigger"],
                one["state"],
                one["firings"],
                show.when(one["at"]),
                one["others"] or None,
                _inputs(one) or "the clock",
            )
            for one in answer["runs"]
        ),
        head=("RUN", "TRIGGER", "STATE", "FIRINGS", "WHEN", "BESIDE", "BEGAN WITH"),
        empty="nothing has fired yet",
    )


def _one(run: Answer) -> None:
    show.pairs({name: run[name] for name in ("run", "state", "wrong") if name in run})
    show.table(
        (
            (step["step"], show.when(step["at"]), step["kind"], step["state"], ", ".join(step["after"]), _what(step))
            for step in run["steps"]
        ),
        head=("STEP", "WHEN", "KIND", "STATE", "AFTER", "WHAT"),
    )
    if run["more"]:
        print("There is more: begin at a later step, or read /api/v1/runs.")


def _inputs(told: Answer) -> str:
    inputs = told.get("inputs", [])
    named = [f"{one['path']}@{one['version']}" for one in inputs[:INPUTS_SHOWN]]
    more = [f"{len(inputs) - INPUTS_SHOWN} more"] if len(inputs) > INPUTS_SHOWN else []
    return ", ".join((*named, *more))


def _what(step: Answer) -> str:
    """Return in a line what a step is about: what changed by whom, what fired, which queue or receiver has it."""
    parts = [step.get("type"), step.get("trigger") or step.get("queue") or step.get("address")]
    if "path" in step:
        parts.append(step["path"] if "version" not in step else f"{step['path']}@{step['version']}")
    parts += [_inputs(step), f"by {step['agent']}" if "agent" in step else None, step.get("note")]
    return " ".join(part for part in parts if part)
