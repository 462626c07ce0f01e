"""`jobs`: what stands in which queue, what became of a job, and what its program printed."""

from collections.abc import Iterator

import click

from workspace_server.cli import show
from workspace_server.cli.api import Answer, Api, path_of
from workspace_server.cli.options import api_options, as_json_option

NOTE_CHARS = 60
"""How much of a note stands in a line of the list."""


@click.command("jobs")
@click.argument("job", required=False)
@click.option("--queue", help="Only those of this queue.")
@click.option("--state", help="Only those in this state: queued, claimed, blocked, done, failed or dead.")
@click.option("--by", "agent", help="Only those that this agent claimed last.")
@click.option("--trigger", help="Only those of this trigger.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="Most jobs.")
@click.option("--queues", is_flag=True, help="Show the queues instead, with how many jobs stand in them.")
@click.option("--log", is_flag=True, help="Print what the program of JOB has printed.")
@click.option("--attempt", type=click.IntRange(1), help="The log of this attempt; by default of the last one.")
@click.option("--cancel", is_flag=True, help="Give up JOB, which waits or is being done.")
@click.option("--note", help="With --cancel: why.")
@click.option("--revive", is_flag=True, help="Put JOB, which failed or was given up, back into its queue.")
@api_options
@as_json_option
def jobs_command(
    api: Api,
    *,
    as_json: bool,
    job: str | None,
    queues: bool,
    log: bool,
    attempt: int | None,
    cancel: bool,
    note: str | None,
    revive: bool,
    **filters: object,
) -> None:
    """Show the jobs, newest first, or all about one; with --log what its program printed."""
    if job is None:
        if log or revive or cancel or attempt is not None:
            raise click.UsageError("name the job, as in: jobs J7 --log")
        _show_queues(api, as_json) if queues else _show_jobs(api, as_json, filters)
        return
    if cancel or revive:
        said = {"note": note} if cancel else None
        answer = api.post(f"/jobs/{path_of(job)}:{'cancel' if cancel else 'revive'}", said)
        show.as_json(answer) if as_json else click.echo(f"{answer['job']}: {answer['state']}")
    elif log:
        answer = api.get(f"/jobs/{path_of(job)}:log", attempt=attempt)
        show.as_json(answer) if as_json else click.echo("\n".join(map(show.plain, answer["log"].split("\n"))))
    else:
        answer = api.get(f"/jobs/{path_of(job)}")
        show.as_json(answer) if as_json else show.pairs(answer)


def _show_queues(api: Api, as_json: bool) -> None:
    answer = api.get("/queues")
    if as_json:
        show.as_json(answer)
        return
    states = ("queued", "claimed", "blocked", "done", "failed", "dead")
    show.table(
        (
            (row["queue"], *(row[state] for state in states), _waits(row.get("oldest_seconds")), row["waiting"])
            for row in answer["queues"]
        ),
        head=("QUEUE", *map(str.upper, states), "OLDEST WAITS", "AGENTS WAITING"),
        empty="no queues",
    )


def _show_jobs(api: Api, as_json: bool, filters: dict[str, object]) -> None:
    answer = api.get("/jobs", **filters)
    if as_json:
        show.as_json(answer)
        return
    show.table(
        (tuple(_cells(row)) for row in answer["jobs"]),
        head=("JOB", "QUEUE", "STATE", "AGENT", "ATTEMPT", "SINCE", "NOTE"),
        empty="no jobs",
    )


def _cells(row: Answer) -> Iterator[object]:
    yield from (row["job"], row["queue"], row["state"], row.get("agent"), row["attempt"])
    yield show.when(row.get("ended_at") or row.get("claimed_at") or row["created_at"])
    said = " ".join(str(row.get("note") or row.get("instructions") or "").split())
    yield said if len(said) <= NOTE_CHARS else said[: NOTE_CHARS - 1] + "…"


def _waits(seconds: int | None) -> str | None:
    return None if seconds is None else f"{seconds} s"
