"""`wait`: returns when files are in and unlocked."""

import time
from collections.abc import Callable

import click

from workspace_server.cli import show
from workspace_server.cli.api import Address, Answer, Api
from workspace_server.cli.options import SPAN, as_json_option, connection_options
from workspace_server.errors import InvalidArgument

TIMED_OUT = 124
"""The exit code of `timeout` of the coreutils, which scripts know."""
ONE_CALL_S = 25
"""How long one call waits; a wait is as many calls as it takes."""
LEAST_CALL_S = 1
"""The same where the server's settings allow less: this much it always allows."""
PATIENCE_S = 60.0
"""How long a server may be away meanwhile."""


@click.command("wait")
@click.argument("files", nargs=-1, required=True)
@click.option("--any", "any_one", is_flag=True, help="Until one of them is in.")
@click.option("--count", type=click.IntRange(1), help="Until so many files are in.")
@click.option("--indexed", is_flag=True, help="Until their facts can be queried, too.")
@click.option("--since", type=click.IntRange(0), help="Only what was saved after this seq counts.")
@click.option("--timeout", type=SPAN, default="2h", show_default=True, help="Longest time to wait.")
@connection_options
@as_json_option
def wait_command(
    locate: Callable[[], Address],
    *,
    as_json: bool,
    files: tuple[str, ...],
    any_one: bool,
    count: int | None,
    indexed: bool,
    since: int | None,
    timeout: int,
) -> int:
    """Return when FILES (paths, `dir/` or patterns) are in and unlocked; with exit code 124 when the time is over.

    What was there before counts as well. Standard output names the files that are in, standard error those that are
    missing and why.
    """
    if any_one and count is not None:
        raise click.UsageError("--any and --count exclude each other")
    api = Api(locate, patience_s=PATIENCE_S)
    asked: dict[str, object] = {"files": list(files), "mode": "any" if any_one else "all" if count is None else "count"}
    asked |= {name: value for name, value in (("count", count), ("since_seq", since)) if value is not None}
    answer = _wait(api, {**asked, "indexed": indexed}, time.monotonic() + timeout)
    _show(answer, as_json)
    return 0 if answer["status"] == "ready" else TIMED_OUT


def _wait(api: Api, asked: dict[str, object], until: float) -> Answer:
    """Return the last answer: that they are in, or what is missing when the time is over."""
    one_call_s = ONE_CALL_S
    while True:
        left_s = max(0.0, until - time.monotonic())
        try:
            result = api.call_tool("wait_for", {**asked, "timeout_seconds": min(left_s, one_call_s)})
        except InvalidArgument as refusal:
            if refusal.facts.get("argument") != "timeout_seconds" or one_call_s == LEAST_CALL_S:
                raise
            one_call_s = LEAST_CALL_S
            continue
        answer: Answer = result["structuredContent"]
        if answer["status"] == "ready" or left_s <= one_call_s:
            return answer


def _show(answer: Answer, as_json: bool) -> None:
    if as_json:
        show.as_json(answer)
        return
    for one in answer["files"]:
        print(f"{show.plain(one['path'])}@{one['version']}")
    for one in answer["missing"]:
        by = f" by {show.plain(one['agent'])}" if one.get("agent") else ""
        click.echo(f"missing: {show.plain(one['path'])} ({one['reason']}{by})", err=True)
